// The pad: four corners from the tray, and the picture of the point between them. Linked pads are
// several checkpoints under one pointer.
import { choice, element } from "./elements.js";
import { plane } from "./latents.js";
import { slot } from "./slots.js";
import { Surface } from "./surface.js";
import { nameOf } from "./tray.js";

const CORNER_NAMES = ["top left", "top right", "bottom left", "bottom right"];
const MOST_LINKED = 3;

export class Pad {
  constructor(studio) {
    this.studio = studio;
    this.element = element("div", { className: "pad" });
    this.output = element("output", { className: "reading" });
  }

  base() {
    const { corners, x, y, plane: how } = this.studio.state;
    return plane(corners.map((index) => this.studio.vector(index)), x, y, how);
  }

  build() {
    const { studio } = this;
    this.targets = this.pictures();
    this.surfaces = this.targets.map(({ picture, title }) => {
      const label = `${title}: arrow keys move the point, 1 to 4 go to the corners`;
      return new Surface(picture, label, (x, y) => this.move(x, y));
    });
    const corners = CORNER_NAMES.map((where, number) => this.corner(where, number));
    const how = choice(
      "Plane",
      { spherical: "Spherical", bilinear: "Bilinear" },
      studio.state.plane,
      (plane) => studio.act({ plane }),
    );
    this.element.replaceChildren(
      element("div", { className: "field" }, ...corners, this.field()),
      ...this.opinion(),
      element(
        "div", { className: "row under" },
        how.row, this.output, ...studio.pictureTools(),
      ),
      element(
        "div", { className: "row under" }, ...studio.opinions.box(), ...studio.nearest.tools(),
      ),
      studio.nearest.element,
      ...this.picker(),
    );
    this.show();
  }

  pictures() {
    return [this.studio.target("main", this.studio.state.checkpoint)];
  }

  opinion() {
    return this.studio.opinions.line(this.targets[0]);
  }

  field() {
    return element("div", { className: "stage" }, ...this.surfaces.map((each) => each.element));
  }

  picker() {
    return [];
  }

  corner(where, number) {
    const { state } = this.studio;
    const index = state.corners[number];
    const result = slot(this.studio, {
      label: `Corner ${number + 1}, ${where}: ${nameOf(state.tray[index], index)}`,
      index,
      place: (held) => (state.corners[number] = held),
      press: () => this.toCorner(number),
    });
    result.classList.add("corner", `corner-${number}`);
    return result;
  }

  toCorner(number) {
    this.move(number % 2, Math.floor(number / 2));
  }

  move(x, y) {
    this.studio.change({ x: within(x), y: within(y) });
  }

  key(event) {
    if (!/^[1-4]$/.test(event.key)) return false;
    this.toCorner(Number(event.key) - 1);
    return true;
  }

  show() {
    const { x, y } = this.studio.state;
    this.surfaces.forEach((surface) => surface.show(x, y));
    this.output.textContent = `x ${x.toFixed(2)} · y ${y.toFixed(2)} · ${this.studio.lengthText()}`;
  }
}

// To 1/10,000, as in the link, so that the link shows the same picture.
function within(share) {
  return Math.round(1e4 * Math.min(1, Math.max(0, share))) / 1e4;
}

export class LinkedPads extends Pad {
  pictures() {
    const { checkpoint, linked } = this.studio.state;
    return [checkpoint, ...linked].map((name, number) =>
      this.studio.target(number ? `linked ${number}` : "main", name),
    );
  }

  opinion() {
    return []; // each picture has its own
  }

  field() {
    const figures = this.targets.map(({ title }, number) =>
      element(
        "figure", {}, this.surfaces[number].element, element("figcaption", { title }, title),
        ...this.studio.opinions.line(this.targets[number]),
      ),
    );
    const stage = element("div", { className: "stage linked" }, ...figures);
    stage.style.setProperty("--pads", String(figures.length === 4 ? 2 : figures.length));
    return stage;
  }

  picker() {
    const { studio } = this;
    const { checkpoint, linked } = studio.state;
    const own = studio.facts(checkpoint);
    const fitting = studio.host.checkpoints.filter(
      ({ name, latent }) => name !== checkpoint && latent === own.latent,
    );
    const boxes = fitting.map(({ name, title }) => {
      const box = element("input", { type: "checkbox", checked: linked.includes(name) });
      box.disabled = !box.checked && linked.length >= MOST_LINKED;
      box.addEventListener("change", () => {
        const others = linked.filter((other) => other !== name);
        studio.link(box.checked ? [...others, name] : others);
      });
      return element("label", { className: "box" }, box, title);
    });
    const none = element("p", { className: "quiet" }, "No other checkpoint has this latent size.");
    return [
      element(
        "fieldset",
        { className: "picker" },
        element("legend", {}, `Under the same pointer: up to three more of ${own.latent} numbers`),
        ...(boxes.length ? boxes : [none]),
      ),
    ];
  }
}
