// Tools beside the picture: the length of z, the class, directions.
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
    const classes = classTool(this.studio);
    this.element.replaceChildren(this.length.element, ...classes, this.directions.element);
    this.directions.open();
  }

  show() {
    this.length?.show();
  }

  // The hand has come to rest: what takes longer.
  rest() {
    this.directions?.rest();
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
    this.element = element("section", { className: "tool directions", hidden: true });
    this.strips = [];
  }

  async open() {
    const { studio } = this;
    const name = studio.state.checkpoint;
    const found = await studio.directions(name);
    if (!found?.length || name !== studio.state.checkpoint || !this.element.isConnected) return;
    this.found = found;
    const rows = found.map((direction, number) => this.row(direction, number));
    const reset = button("Reset", () => {
      studio.state.shifts = [];
      this.sliders.forEach(({ set }) => set(0));
      studio.change({});
    });
    this.element.replaceChildren(
      element("h2", {}, "Directions"),
      element("p", { className: "quiet" }, "What moves the picture most, in standard deviations."),
      ...rows,
      element("div", { className: "row" }, reset),
    );
    this.element.hidden = false;
    this.rest();
  }

  row({ title }, number) {
    const { studio } = this;
    const control = slider(
      title, { min: -3, max: 3, step: 0.05, value: studio.state.shifts[number] ?? 0 },
      (value) => `${value.toFixed(1)} σ`,
      (value) => {
        const shifts = this.found.map((_, i) => studio.state.shifts[i] ?? 0);
        shifts[number] = value;
        studio.change({ shifts });
      },
    );
    this.sliders = [...(this.sliders ?? []), control];
    const strip = element("div", { className: "strip", "aria-hidden": "true" });
    const pictures = STRIP_SIGMAS.map(() => studio.picture(studio.state.checkpoint, ""));
    strip.append(...pictures.map(({ canvas }) => canvas));
    this.strips.push(pictures);
    return element("div", { className: "direction" }, control.row, strip);
  }

  rest() {
    if (!this.found) return;
    const { studio } = this;
    const z = studio.point();
    this.found.forEach(({ vector }, number) => {
      const now = studio.state.shifts[number] ?? 0;
      STRIP_SIGMAS.forEach((sigma, place) => {
        const shifted = combine([z, vector], [1, sigma - now]);
        const picture = this.strips[number][place];
        studio.background(`strip ${number} ${place}`, shifted, picture).catch(studio.fail);
      });
    });
  }
}
