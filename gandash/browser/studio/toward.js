// Directions that make a class of the data more likely, as its classifier sees it. They are found
// by the server, once a checkpoint, or lie in the page.
import { DirectionSliders } from "./direction_sliders.js";
import { button, element } from "./elements.js";

export class TowardTool {
  constructor(studio) {
    this.studio = studio;
    this.list = element("div", { className: "moves" });
    this.starter = button("Find them", () => this.load());
    this.progress = element("output", { className: "quiet" });
    this.reset = button("Reset", () => this.sliders.reset());
    this.element = element(
      "div", { className: "moves" },
      element(
        "p", { className: "quiet" },
        "Toward a class of the data, by its classifier: how likely it is on average, and three "
          + "standard deviations on.",
      ),
      this.list,
      element("div", { className: "row" }, this.starter, this.reset, this.progress),
    );
    this.build();
  }

  build() {
    const known = this.studio.toward ?? [];
    const named = known.map(({ name, direction, before, after }) => {
      const [from, to] = [before, after].map((share) => `${Math.round(100 * share)} %`);
      const about = element("span", { className: "quiet" }, `${from} → ${to}`);
      return { title: `To ${name}`, direction, about };
    });
    this.sliders = new DirectionSliders(this.studio, "toward", named);
    this.list.replaceChildren(...this.sliders.elements);
    this.starter.hidden = known.length > 0;
    this.reset.hidden = !known.length;
  }

  async load() {
    this.starter.disabled = true;
    const tell = (share) => (this.progress.textContent = `${Math.round(100 * share)} %`);
    try {
      await this.studio.loadToward(tell);
    } catch (error) {
      this.studio.say(error.message);
    }
    this.starter.disabled = false;
    this.progress.textContent = "";
    this.build();
    this.rest();
  }

  rest() {
    this.sliders.rest();
  }
}
