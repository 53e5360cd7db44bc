// Variants: nine samples around a point, itself in the middle. Click one to go on from there.
import { button, element, slider } from "./elements.js";
import { atLength, combine, lengthOf } from "./latents.js";
import { RandomState } from "../runtime/random.js";

const SHOWN = 9;
const MIDDLE_TILE = 4;

export class Variants {
  constructor(studio) {
    this.studio = studio;
    this.element = element("div", { className: "variants" });
  }

  // The middle: what was shown before, as an entry of a tray.
  base() {
    const { center } = this.studio.state;
    return center ? this.studio.vectorOf(center) : this.studio.vector(0);
  }

  // Around z: noise of the round's seed is added, and the length is kept.
  around(z, number) {
    if (number === MIDDLE_TILE) return z;
    const { radius, round } = this.studio.state;
    const random = new RandomState((round + number * 7919) >>> 0);
    const noise = Float32Array.from(z, () => random.normal());
    return atLength(combine([z, noise], [1, radius]), lengthOf(z));
  }

  build() {
    const { studio } = this;
    const { state } = studio;
    this.targets = Array.from({ length: SHOWN }, (_, number) => ({
      ...studio.target(`variant ${number}`, state.checkpoint),
      vector: (z) => this.around(z, number),
    }));
    const tiles = this.targets.map(({ picture, vector }, number) => {
      const isMiddle = number === MIDDLE_TILE;
      const label = isMiddle ? "The middle" : `Variant ${number + 1}: go on from here`;
      const go = () => this.goTo(vector(studio.point()));
      return element(
        "button",
        { type: "button", className: isMiddle ? "tile middle" : "tile", "aria-label": label,
          title: label, onclick: go },
        picture.canvas,
      );
    });
    const radius = slider(
      "Radius", { min: 0.05, max: 2, step: 0.05, value: state.radius },
      (value) => value.toFixed(2), (value) => studio.change({ radius: value }),
    );
    const others = button("Others (R)", () => this.reroll());
    this.element.replaceChildren(
      element("div", { className: "nine" }, ...tiles),
      element(
        "div", { className: "row under" }, radius.row, others, ...studio.pictureTools(),
      ),
    );
  }

  reroll() {
    this.studio.change({ round: this.studio.state.round + 1 });
  }

  goTo(z) {
    const { state } = this.studio;
    state.center = { vector: z, name: "", pinned: false };
    this.studio.unmove();
    state.round += 1;
    this.studio.rebuild();
  }

  key(event) {
    if (event.key.toLowerCase() !== "r") return false;
    this.reroll();
    return true;
  }

  show() {}
}
