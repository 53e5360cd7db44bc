import { button, element, slider } from "./elements.js";
import { combine } from "./latents.js";
import { Strip } from "./strip.js";

// Directions in which the picture moves most, each with a slider in standard deviations and a strip
// of what it does to the picture that is shown.
export class PrincipalTool {
  constructor(studio) {
    this.studio = studio;
    this.rows = studio.directions.map((direction, number) => this.row(direction, number));
    this.element = element(
      "div", { className: "moves" },
      element("p", { className: "quiet" }, "What moves the picture most, in standard deviations."),
      ...this.rows.map(({ row }) => row),
      element("div", { className: "row" }, button("Reset", () => this.reset())),
    );
  }

  row(direction, number) {
    const { studio } = this;
    const { row, set } = slider(
      `Direction ${number + 1}`,
      { min: -3, max: 3, step: 0.05, value: studio.state.shifts[number] ?? 0 },
      (value) => `${value.toFixed(1)} σ`,
      (value) => studio.change({ shifts: this.shifted(number, value) }),
    );
    const strip = new Strip(studio, `direction ${number}`);
    const whole = element("div", { className: "direction" }, row, strip.element);
    return { row: whole, set, strip, direction };
  }

  shifted(number, value) {
    const { shifts } = this.studio.state;
    return this.rows.map((_, other) => (other === number ? value : (shifts[other] ?? 0)));
  }

  reset() {
    this.rows.forEach(({ set }) => set(0));
    this.studio.act({ shifts: [] });
  }

  rest() {
    const z = this.studio.point();
    this.rows.forEach(({ strip, direction }, number) => {
      const now = this.studio.state.shifts[number] ?? 0;
      strip.draw((value) => combine([z, direction], [1, value - now]));
    });
  }
}
