// The training images nearest to the picture that is shown, looked for by the server when asked.
import { button, element } from "./elements.js";

export class Nearest {
  constructor(studio) {
    this.studio = studio;
    this.element = element("section", { className: "nearest", hidden: true });
    this.asked = 0;
  }

  // Asks for them; nothing where there is nobody to ask, or no image to ask for.
  tools() {
    const { host, generator } = this.studio;
    if (!host.nearest || generator.points) return [];
    const title = "Look for the training images that are most like this picture";
    return [button("Nearest training images", () => this.ask(), { title })];
  }

  async ask() {
    const { studio } = this;
    this.asked += 1;
    const own = this.asked;
    const { generator } = studio;
    const name = studio.state.checkpoint;
    this.tell("Looking through the training images …");
    try {
      const latent = studio.told(generator, studio.point());
      const { sample } = await generator.make(latent, studio.shares(generator));
      const picture = studio.picture(name, "The picture");
      picture.draw(sample);
      const spaces = await studio.host.nearest(name, sample);
      if (own === this.asked) this.show(picture.canvas, spaces);
    } catch (error) {
      if (own === this.asked) this.tell(error.message);
    }
  }

  tell(text) {
    this.element.hidden = false;
    this.element.classList.remove("late");
    this.element.replaceChildren(element("p", { className: "quiet", role: "status" }, text));
  }

  show(canvas, spaces) {
    const parts = spaces.flatMap(({ title, near, typical, gauge }, number) => {
      const first = number ? copyOf(canvas) : canvas;
      const cells = [cell(first, "this picture"), ...near.map((each) => nearCell(each))];
      return [
        element("p", {}, element("b", {}, `Nearest in ${title}: `), saidOfNearest(near, typical)),
        element("div", { className: "near-row", title: gauge }, ...cells),
      ];
    });
    this.element.replaceChildren(...parts);
  }

  // The picture has changed: what is shown is of an earlier one.
  moved() {
    this.element.classList.add("late");
  }

  // Another checkpoint, or another part of the studio.
  clear() {
    this.asked += 1;
    this.element.hidden = true;
    this.element.replaceChildren();
  }
}

function saidOfNearest(near, typical) {
  const distance = `at distance ${near[0].distance.toFixed(2)}`;
  if (!typical) return distance;
  const ratio = (near[0].distance / typical).toFixed(2);
  return `${distance}, ${ratio} times as far as is typical of real images`;
}

function nearCell({ picture, label, number, distance }) {
  const alt = `training image ${number}${label ? `, class ${label}` : ""}`;
  const image = element("img", { src: picture, alt, title: alt });
  return cell(image, `${distance.toFixed(2)}${label ? ` · ${label}` : ""}`);
}

function cell(picture, caption) {
  return element("figure", {}, picture, element("figcaption", {}, caption));
}

function copyOf(canvas) {
  const copy = element("canvas", { width: canvas.width, height: canvas.height });
  copy.setAttribute("aria-hidden", "true");
  copy.getContext("2d").drawImage(canvas, 0, 0);
  return copy;
}
