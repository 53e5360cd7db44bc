// Small charts of what was measured, with the frame that is shown marked on them.
import { element } from "../studio/elements.js";

const COLORS = ["#6a5be8", "#1f9488"];
const MARGIN = 0.08;

// What is drawn of a recording, if it was measured: title, what it is, names of the curves.
export const CHARTS = [
  { title: "Losses", names: ["g_loss", "d_loss"], labels: ["G", "D"] },
  {
    title: "D's answers",
    names: ["d_fake", "d_real"],
    labels: ["D(G(z))", "D(x)"],
    range: [0, 1],
    probability: true,
  },
  {
    title: "Jensen–Shannon divergence (nats)",
    names: ["js"],
    labels: ["of the cells"],
    range: [0, Math.LN2],
  },
];

// One chart; `go` is called with the share of the run that a press asks for.
export class SmallChart {
  constructor({ title, names, labels, range }, go) {
    this.names = names;
    this.range = range;
    this.canvas = element("canvas", { className: "curve", role: "img", "aria-label": title });
    const keys = labels.map((label, index) =>
      element("span", { className: "curve-key", style: `--key: ${COLORS[index]}` }, label),
    );
    const head = element("figcaption", {}, title, " ", ...(labels.length > 1 ? keys : []));
    this.element = element("figure", { className: "small-chart" }, head, this.canvas);
    const move = (event) => {
      const box = this.canvas.getBoundingClientRect();
      go(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      move(event);
    });
    this.canvas.addEventListener("pointermove", (event) => event.buttons && move(event));
  }

  // The least and the greatest of recordings, so that charts beside each other can share them.
  static extent({ names, range }, recordings) {
    if (range) return range;
    const values = recordings.flatMap((it) => names.flatMap((name) => [...it.curve(name)]));
    const known = values.filter(Number.isFinite);
    const low = Math.min(0, ...known);
    const high = Math.max(...known, low + 1e-6);
    return [low, high + MARGIN * (high - low)];
  }

  // From the first frame to the last of all recordings: one that broke off ends before.
  draw(recording, frame, last, [low, high], ink) {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const { floor } = recording.facts;
    const across = (place) => (place / Math.max(1, last)) * width;
    const up = (value) => height - ((value - low) / (high - low)) * height;
    context.lineWidth = 1.6 * ratio;
    this.names.forEach((name, index) => {
      context.strokeStyle = COLORS[index];
      context.beginPath();
      recording
        .curve(name)
        .forEach(
          (value, place) => Number.isFinite(value) && context.lineTo(across(place), up(value)),
        );
      context.stroke();
    });
    context.strokeStyle = context.fillStyle = ink;
    context.globalAlpha = 0.7;
    context.lineWidth = ratio;
    if (this.names[0] === "js") {
      context.setLineDash([3 * ratio, 3 * ratio]);
      context.beginPath();
      context.moveTo(0, up(floor));
      context.lineTo(width, up(floor));
      context.stroke();
      context.setLineDash([]);
    }
    context.fillRect(across(frame) - ratio, 0, 2 * ratio, height);
    context.globalAlpha = 1;
  }
}
