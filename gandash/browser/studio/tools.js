// Tools beside the picture: the length of z, the class, ways to move it.
import { button, element, slider } from "./elements.js";
import { lengthDensity } from "./latents.js";
import { Moves } from "./moves.js";
import { select } from "./select.js";
import { StylesTool } from "./styles.js";

const SVG_SPACE = "http://www.w3.org/2000/svg";
const HISTOGRAM = { width: 280, height: 56, bars: 56 };

export class Tools {
  constructor(studio) {
    this.studio = studio;
    this.element = element("section", { className: "tools" });
  }

  build() {
    this.length = new LengthTool(this.studio);
    this.moves = new Moves(this.studio);
    const classes = classTool(this.studio);
    this.styles = this.studio.generator.styles ? new StylesTool(this.studio) : null;
    const styles = this.styles ? [this.styles.element] : [];
    this.element.replaceChildren(this.length.element, ...styles, ...classes, this.moves.element);
  }

  show() {
    this.length?.show();
    this.styles?.show();
    this.moves?.show();
  }

  // The hand has come to rest: what takes longer.
  rest() {
    this.moves?.rest();
  }
}

class LengthTool {
  constructor(studio) {
    this.studio = studio;
    const { latent } = studio.generator;
    this.most = 1.6 * Math.sqrt(latent) + 2;
    const mean = Math.sqrt(Math.max(latent - 0.5, 0.25));
    this.slider = slider(
      "Length of z", { min: 0, max: this.most, step: 0.01, value: mean },
      (value) => value.toFixed(2),
      (value) => studio.change({ length: Math.max(0.01, value) }),
    );
    this.free = button("As drawn", () => studio.act({ length: 0 }));
    this.element = element(
      "section", { className: "tool" },
      element("h2", {}, "Length of z"),
      element(
        "p", { className: "quiet" },
        `Gaussian vectors of ${latent} numbers have ${mean.toFixed(1)} ± 0.7.`,
      ),
      this.histogram(latent),
      this.slider.row,
      element("div", { className: "row" }, this.free),
    );
    this.show();
  }

  histogram(latent) {
    const { width, height, bars } = HISTOGRAM;
    const svg = document.createElementNS(SVG_SPACE, "svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("class", "histogram");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", "How long Gaussian vectors are");
    for (let i = 0; i < bars; i += 1) {
      const bar = document.createElementNS(SVG_SPACE, "rect");
      const share = lengthDensity(((i + 0.5) / bars) * this.most, latent);
      const tall = share * (height - 2);
      const place = { x: (i * width) / bars, y: height - tall, width: width / bars - 1 };
      Object.entries({ ...place, height: tall }).forEach(([name, value]) =>
        bar.setAttribute(name, value.toFixed(2)),
      );
      svg.append(bar);
    }
    this.mark = document.createElementNS(SVG_SPACE, "line");
    this.mark.setAttribute("y2", String(height));
    svg.append(this.mark);
    return svg;
  }

  show() {
    const length = this.studio.length();
    const x = Math.min(1, length / this.most) * HISTOGRAM.width;
    this.mark.setAttribute("x1", x.toFixed(1));
    this.mark.setAttribute("x2", x.toFixed(1));
    this.slider.set(length);
    this.free.setAttribute("aria-pressed", String(this.studio.state.length === 0));
  }
}

// The class, and another one to mix it with; nothing where there are no classes.
function classTool(studio) {
  const { classes } = studio.facts(studio.state.checkpoint);
  if (!classes.length) return [];
  const { state } = studio;
  const first = select("Class", classes, state.label, (label) => studio.reclass({ label }));
  const second = select("Mixed with", ["none", ...classes], state.other + 1, (place) =>
    studio.reclass({ other: place - 1, mix: place && !state.mix ? 0.5 : state.mix }),
  );
  const mix = slider(
    "Share of it", { min: 0, max: 1, step: 0.01, value: state.mix },
    (value) => `${Math.round(100 * value)} %`,
    (value) => studio.change({ mix: value }),
  );
  mix.row.hidden = state.other < 0;
  const title = element("h2", {}, "Class");
  return [element("section", { className: "tool" }, title, first, second, mix.row)];
}
