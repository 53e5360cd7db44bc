// Directions that make a class of the data more likely, as its classifier sees it. The server finds
// them, once a checkpoint.
import { button, element, slider } from "./elements.js";
import { combine } from "./latents.js";
import { Strip } from "./strip.js";

export class TowardTool {
  constructor(studio) {
    this.studio = studio;
    this.list = element("div", { className: "moves" });
    this.starter = button("Find them", () => this.load());
    this.progress = element("output", { className: "quiet" });
    this.reset = button("Reset", () => this.free());
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
    this.rows = known.map((each, number) => this.row(each, number));
    this.list.replaceChildren(...this.rows.map(({ row }) => row));
    this.starter.hidden = known.length > 0;
    this.reset.hidden = !known.length;
  }

  row({ name, direction, before, after }, number) {
    const { studio } = this;
    const { row, set } = slider(
      `To ${name}`,
      { min: -3, max: 3, step: 0.05, value: studio.state.toward[number] ?? 0 },
      (value) => `${value.toFixed(1)} σ`,
      (value) => studio.change({ toward: this.moved(number, value) }),
    );
    const [from, to] = [before, after].map((share) => `${Math.round(100 * share)} %`);
    const about = element("span", { className: "quiet" }, `${from} → ${to}`);
    const strip = new Strip(studio, `toward ${number}`);
    const whole = element("div", { className: "direction" }, row, about, strip.element);
    return { row: whole, set, strip, direction };
  }

  moved(number, value) {
    const { toward } = this.studio.state;
    return this.rows.map((_, other) => (other === number ? value : (toward[other] ?? 0)));
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

  free() {
    this.rows.forEach(({ set }) => set(0));
    this.studio.act({ toward: [] });
  }

  rest() {
    const z = this.studio.point();
    this.rows.forEach(({ strip, direction }, number) => {
      const now = this.studio.state.toward[number] ?? 0;
      strip.draw((value) => combine([z, direction], [1, value - now]));
    });
  }
}
