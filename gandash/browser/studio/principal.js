// Directions in which the picture moves most.
import { DirectionSliders } from "./direction_sliders.js";
import { button, element } from "./elements.js";

export class PrincipalTool {
  constructor(studio) {
    const named = studio.directions.map((direction, number) => ({
      title: `Direction ${number + 1}`, direction, about: null,
    }));
    this.sliders = new DirectionSliders(studio, "shifts", named);
    this.element = element(
      "div", { className: "moves" },
      element("p", { className: "quiet" }, "What moves the picture most, in standard deviations."),
      ...this.sliders.elements,
      element("div", { className: "row" }, button("Reset", () => this.sliders.reset())),
    );
  }

  rest() {
    this.sliders.rest();
  }
}
