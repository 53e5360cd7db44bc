// Directions of z, each with a slider in standard deviations and a strip of what it does to the
// picture that is shown.
import { element, slider } from "./elements.js";
import { combine } from "./latents.js";
import { Strip } from "./strip.js";

export class DirectionSliders {
  // directions: [{ title, direction, about }], about an element or null; `kept` is the name under
  // which the studio's state keeps how far each goes. `along(z, number, value)` is the latent where
  // a slider is at a value, if that is not a way along its direction.
  constructor(studio, kept, directions, along = null) {
    this.studio = studio;
    this.along = along;
    this.kept = kept;
    this.rows = directions.map((each, number) => this.row(each, number));
    this.elements = this.rows.map(({ whole }) => whole);
  }

  // How far along a direction the picture is.
  at(number) {
    return this.studio.state[this.kept][number] ?? 0;
  }

  row({ title, direction, about }, number) {
    const { row, set } = slider(
      title, { min: -3, max: 3, step: 0.05, value: this.at(number) },
      (value) => `${value.toFixed(1)} σ`,
      (value) => this.studio.change({ [this.kept]: this.moved(number, value) }),
    );
    const strip = new Strip(this.studio, `${this.kept} ${number}`);
    const parts = [row, about, strip.element].filter(Boolean);
    return { whole: element("div", { className: "direction" }, ...parts), set, strip, direction };
  }

  moved(number, value) {
    return this.rows.map((_, other) => (other === number ? value : this.at(other)));
  }

  reset() {
    this.rows.forEach(({ set }) => set(0));
    this.studio.act({ [this.kept]: [] });
  }

  // The hand has come to rest.
  rest() {
    const z = this.studio.point();
    this.rows.forEach(({ strip, direction }, number) => {
      const now = this.at(number);
      const onWay = (value) => combine([z, direction], [1, value - now]);
      strip.draw(this.along ? (value) => this.along(z, number, value) : onWay);
    });
  }
}
