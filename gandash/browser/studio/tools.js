// Tools beside the picture: the length of z, the class, directions, dimensions.
import { DimensionsTool } from "./dimensions.js";
import { button, element, slider } from "./elements.js";
import { combine, lengthDensity } from "./latents.js";

const SVG_SPACE = "http://www.w3.org/2000/svg";
const HISTOGRAM = { width: 280, height: 56, bars: 56 };
const STRIP_SIGMAS = [-3, -2, -1, 0, 1, 2, 3];

export class Tools {
  constructor(studio) {
    this.studio = studio;
    this.element = element("section", { className: "tools" });
  }

  build() {
    this.length = new LengthTool(this.studio);
    this.directions = new DirectionsTool(this.studio);
    this.dimensions = new DimensionsTool(this.studio);
    const classes = classTool(this.studio);
    this.element.replaceChildren(
      this.length.element, ...classes, this.directions.element, this.dimensions.element,
    );
  }

  show() {
    this.length?.show();
    this.dimensions?.show();
  }

  // The hand has come to rest: what takes longer.
  rest() {
    this.directions?.rest();
    this.dimensions?.rest();
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

function select(title, options, chosen, choose) {
  const list = element("select", { "aria-label": title });
  options.forEach((option, place) => list.append(element("option", { value: place }, option)));
  list.value = chosen;
  list.addEventListener("change", () => choose(Number(list.value)));
  return element("label", { className: "field-row" }, element("span", {}, title), list);
}

// Directions in which the picture moves most, each with a slider in standard deviations and a strip
// of what it does to the picture that is shown.
class DirectionsTool {
  constructor(studio) {
    this.studio = studio;
    this.rows = studio.directions.map((direction, number) => this.row(direction, number));
    this.element = element(
      "section",
      { className: "tool directions", hidden: !this.rows.length },
      element("h2", {}, "Directions"),
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
    const pictures = STRIP_SIGMAS.map(() => studio.picture(studio.state.checkpoint, ""));
    const canvases = pictures.map(({ canvas }) => canvas);
    const strip = element("div", { className: "strip", "aria-hidden": "true" }, ...canvases);
    const whole = element("div", { className: "direction" }, row, strip);
    return { row: whole, set, pictures, direction };
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
    const { studio } = this;
    const z = studio.point();
    this.rows.forEach(({ pictures, direction }, number) => {
      const now = studio.state.shifts[number] ?? 0;
      pictures.forEach((picture, place) => {
        const shifted = combine([z, direction], [1, STRIP_SIGMAS[place] - now]);
        studio.background(`strip ${number} ${place}`, shifted, picture).catch(studio.fail);
      });
    });
  }
}
