// The path: keyframes from the tray on a timeline, played at the speed of one's choice.
import { button, choice, element, slider } from "./elements.js";
import { along, lengthOf } from "./latents.js";
import { openSlot, slot } from "./slots.js";
import { nameOf } from "./tray.js";

const CHART = { width: 300, height: 64, points: 121 };
const MOST_KEYFRAMES = 64;
const SVG = "http://www.w3.org/2000/svg";

export class Path {
  constructor(studio) {
    this.studio = studio;
    this.element = element("div", { className: "path" });
    this.output = element("output", { className: "reading" });
    this.playButton = button("Play", () => this.toggle(), { className: "primary" });
    this.playing = 0;
  }

  base() {
    return this.at(this.studio.state.t, this.studio.state.path);
  }

  at(t, how) {
    const { keys, closed, ease, hold } = this.studio.state;
    const vectors = keys.map((index) => this.studio.vector(index));
    return along(vectors, t, { how, closed, ease, hold });
  }

  build() {
    const { studio } = this;
    this.targets = [studio.target("main", studio.state.checkpoint)];
    this.range = element("input", {
      type: "range", min: 0, max: 1, step: 0.0001, "aria-label": "Position on the path",
    });
    this.range.addEventListener("input", () => {
      this.pause();
      studio.change({ t: Number(this.range.value) });
    });
    this.element.replaceChildren(
      element("div", { className: "stage" }, this.targets[0].picture.canvas),
      element("div", { className: "row" }, this.playButton, this.range, this.output),
      this.timeline(),
      this.settings(),
      this.chart(),
      element("div", { className: "row under" }, ...studio.pictureTools(), ...this.exports()),
    );
    this.show();
  }

  timeline() {
    const { studio } = this;
    const { state } = studio;
    const slots = state.keys.map((index, number) =>
      slot(studio, {
        label: `Keyframe ${number + 1}: ${nameOf(state.tray[index], index)}. Delete removes it`,
        index,
        place: (held) => (state.keys[number] = held),
        press: () => studio.change({ t: this.timeOf(number) }),
        remove: () => state.keys.length > 2 && state.keys.splice(number, 1),
      }),
    );
    if (state.keys.length < MOST_KEYFRAMES) {
      slots.push(openSlot(studio, "Add a keyframe", (index) => state.keys.push(index)));
    }
    const drop = button("Remove the last", () => {
      if (state.keys.length > 2) state.keys.pop();
      studio.rebuild();
    });
    drop.disabled = state.keys.length <= 2;
    return element("div", { className: "timeline" }, ...slots, drop);
  }

  timeOf(number) {
    const { keys, closed } = this.studio.state;
    return number / (closed ? keys.length : keys.length - 1);
  }

  settings() {
    const { studio } = this;
    const { state } = studio;
    const how = choice("Way", { slerp: "Slerp", lerp: "Lerp" }, state.path, (path) => {
      studio.act({ path });
      this.drawChart();
    });
    const seconds = slider(
      "Time", { min: 1, max: 60, step: 1, value: state.seconds }, (value) => `${value} s`,
      (value) => studio.change({ seconds: value }),
    );
    const hold = slider(
      "Hold", { min: 0, max: 0.9, step: 0.1, value: state.hold },
      (value) => `${Math.round(100 * value)} %`,
      (value) => this.reshape({ hold: value }),
    );
    return element(
      "div", { className: "row settings" },
      how.row,
      this.box("Closed", "closed"), this.box("Ease", "ease"),
      seconds.row, hold.row,
    );
  }

  box(text, name) {
    const { studio } = this;
    const input = element("input", { type: "checkbox", checked: studio.state[name] });
    input.addEventListener("change", () => {
      studio.act({ [name]: input.checked });
      this.drawChart();
    });
    return element("label", { className: "box" }, input, text);
  }

  reshape(changes) {
    this.studio.change(changes);
    this.drawChart();
  }

  // The length of z along the path, by both ways.
  chart() {
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("viewBox", `0 0 ${CHART.width} ${CHART.height}`);
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("role", "img");
    this.caption = element("figcaption", { className: "quiet" });
    this.drawChart();
    return element("figure", { className: "chart" }, this.svg, this.caption);
  }

  drawChart() {
    const curves = ["slerp", "lerp"].map((how) => [how, this.lengths(how)]);
    const all = curves.flatMap(([, lengths]) => lengths);
    const [least, most] = [Math.min(...all), Math.max(...all)];
    const shown = curves.map(([how, lengths]) => {
      const line = document.createElementNS(SVG, "polyline");
      line.setAttribute("class", how === this.studio.state.path ? "chosen" : "other");
      line.setAttribute("points", lengths.map((length, i) => {
        const x = (i / (lengths.length - 1)) * CHART.width;
        const y = 6 + (1 - (length - least) / (most - least || 1)) * (CHART.height - 12);
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      }).join(" "));
      return line;
    });
    this.mark = document.createElementNS(SVG, "line");
    this.mark.setAttribute("y2", String(CHART.height));
    this.svg.replaceChildren(...shown, this.mark);
    const other = this.studio.state.path === "slerp" ? "lerp" : "slerp";
    const text = `Length of z along the path, ${least.toFixed(1)} to ${most.toFixed(1)}; `
      + `dashed: by ${other}.`;
    this.caption.textContent = text;
    this.svg.setAttribute("aria-label", text);
    this.moveMark();
  }

  lengths(how) {
    try {
      return Array.from({ length: CHART.points }, (_, i) =>
        lengthOf(this.at(i / (CHART.points - 1), how)),
      );
    } catch {
      return [0, 0];
    }
  }

  moveMark() {
    const x = String(this.studio.state.t * CHART.width);
    this.mark.setAttribute("x1", x);
    this.mark.setAttribute("x2", x);
  }

  exports() {
    const { studio } = this;
    return [
      button("GIF", () => studio.exportPath("gif"), { title: "Save the path as an animation" }),
      button("MP4", () => studio.exportPath("mp4"), { title: "Save the path as a video" }),
      button("Strip", () => studio.exportPath("strip"), { title: "Save the frames in one PNG" }),
      button("Frames", () => studio.exportPath("zip"), { title: "Save each frame, as a zip" }),
    ];
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    this.playButton.textContent = "Pause";
    const { state } = this.studio;
    const from = performance.now() - 1000 * state.seconds * (state.t >= 1 ? 0 : state.t);
    const step = (now) => {
      const turns = (now - from) / (1000 * state.seconds);
      if (!this.element.isConnected) return this.pause();
      if (turns >= 1 && !state.closed) {
        this.studio.change({ t: 1 });
        return this.pause();
      }
      this.studio.change({ t: Math.round(1e4 * (turns % 1)) / 1e4 });
      this.playing = requestAnimationFrame(step);
      return this.playing;
    };
    this.playing = requestAnimationFrame(step);
  }

  pause() {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.playButton.textContent = "Play";
  }

  leave() {
    this.pause();
  }

  key(event) {
    const step = { ArrowLeft: -0.01, ArrowRight: 0.01 }[event.key];
    if (event.key === " ") this.toggle();
    else if (step) this.studio.change({ t: Math.min(1, Math.max(0, this.studio.state.t + step)) });
    else return false;
    return true;
  }

  show() {
    const { t } = this.studio.state;
    this.range.value = t;
    const reading = `t ${t.toFixed(2)} · ${this.studio.lengthText()}`;
    this.output.textContent = reading;
    this.range.setAttribute("aria-valuetext", reading);
    this.moveMark();
  }
}
