// What a generator with styles can do beside its latents: styles nearer to their mean, those of
// another latent for the finer stages, and the directions in which styles vary most.
import { DirectionSliders } from "./direction_sliders.js";
import { button, element, slider } from "./elements.js";
import { select } from "./select.js";

const FIRST_SIDE = 4; // pixels of the first stage

// How near styles are to their mean, and whose they are.
export class StylesTool {
  constructor(studio) {
    this.studio = studio;
    const { state } = studio;
    this.psi = slider(
      "ψ", { min: 0, max: 1, step: 0.01, value: state.psi },
      (value) => value.toFixed(2),
      (value) => studio.change({ psi: value }),
    );
    this.other = element("div");
    this.from = select("From", this.stages(), Math.max(0, state.from - 1), (place) =>
      this.mix({ from: place + 1 }),
    );
    this.from.hidden = state.blend < 0;
    const words = "1: as they are. Less: nearer to their mean, more typical and less varied. "
      + "Mixed, coarse stages keep this picture’s style and finer ones have another’s.";
    this.element = element(
      "section", { className: "tool" },
      element("h2", {}, "Styles"),
      element("p", { className: "quiet" }, words),
      this.psi.row, this.other, this.from,
    );
    this.show();
  }

  // The state, which the tray and other tools change too.
  show() {
    const { blend, psi, tray } = this.studio.state;
    const names = ["none", ...tray.map((entry, place) => entry.name || trayTitle(entry, place))];
    if (this.offered !== names.join()) {
      this.offered = names.join();
      const choose = (place) => this.mix({ blend: place - 1 });
      this.other.replaceChildren(select("Mix with", names, blend + 1, choose));
    }
    this.psi.set(psi);
  }

  // Names of the places where another's styles may begin: 8, 16, … pixels.
  stages() {
    const { styles } = this.studio.generator;
    return Array.from({ length: styles - 1 }, (_, place) => {
      const side = FIRST_SIDE * 2 ** (place + 1);
      return place === styles - 2 ? `${side} pixels` : `${side} pixels and finer`;
    });
  }

  mix(changes) {
    this.studio.act(changes);
    this.from.hidden = this.studio.state.blend < 0;
  }
}

function trayTitle({ seed }, place) {
  return seed === undefined ? `${place + 1} of the tray` : `seed ${seed}`;
}

// The directions in which styles vary most: principal components of w.
export class SwaysTool {
  constructor(studio) {
    const named = Array.from({ length: studio.generator.sways }, (_, number) => ({
      title: `Component ${number + 1}`, direction: null, about: null,
    }));
    const along = (z, number, value) =>
      studio.styled(z, { sways: this.sliders.moved(number, value) });
    this.sliders = new DirectionSliders(studio, "sways", named, along);
    this.element = element(
      "div", { className: "moves" },
      element(
        "p", { className: "quiet" },
        "Principal components of the styles w, in standard deviations (GANSpace).",
      ),
      ...this.sliders.elements,
      element("div", { className: "row" }, button("Reset", () => this.sliders.reset())),
    );
  }

  rest() {
    this.sliders.rest();
  }
}
