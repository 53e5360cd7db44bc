// Label smoothing on a line: two mixtures that are dragged, the best D, its pull on G's samples.
import { button, choice, element, slider } from "../studio/elements.js";
import {
  MOST_PEAKS,
  PEAK_LIMITS,
  bestD,
  binaryEntropy,
  logDensityOf,
  mixtureText,
  pullOf,
  quantilesOf,
  readMixture,
  shortText,
  clamped,
} from "./theory.js";

const LAB_RESTS_MS = 200;
const LAB = { reach: 6.5, places: 261, top: 30, high: 300, band: 54, low: 150, gap: 34, side: 46 };
const SAMPLES_PULLED = 15;
const ARROW = 0.28; // units of x for a pull of 1
const LONGEST_ARROW = 1.6;
const WHO = { real: "p_data", fake: "p_g" };
const SCENES = {
  apart: { title: "Far apart", real: "1.5_0.8_1", fake: "-1.5_1_1" },
  missed: { title: "A mode missed", real: "-2.5_0.6_1*2_0.6_1", fake: "2_0.7_1" },
  spread: { title: "Too wide", real: "-2_0.5_1*2_0.5_1", fake: "0_2.2_1" },
  equal: { title: "Equal", real: "0_1_1", fake: "0_1_1" },
};
const PLAIN = { alpha: 0.1, beta: 0.1, at: -1.5 };
const SVG_OF_LAB = "http://www.w3.org/2000/svg";

// data: { check } where check is null or { key, x: [first, last], d, says }.
export async function mountSmoothingLab(root, data) {
  const lab = new SmoothingLab(root);
  lab.show(data);
  return lab;
}

function drawn(tag, attributes = {}, ...children) {
  const result = document.createElementNS(SVG_OF_LAB, tag);
  for (const [name, value] of Object.entries(attributes)) result.setAttribute(name, value);
  result.append(...children);
  return result;
}

class SmoothingLab {
  constructor(root) {
    this.root = root;
    this.xs = Array.from(
      { length: LAB.places },
      (_, index) => -LAB.reach + (2 * LAB.reach * index) / (LAB.places - 1),
    );
    this.read();
    this.restore = () => {
      this.read();
      this.set();
      this.rebuild();
    };
    window.addEventListener("popstate", this.restore);
    this.build();
    this.sizes = new ResizeObserver(() => this.rebuild());
    this.sizes.observe(this.stage);
  }

  close() {
    clearTimeout(this.resting);
    window.removeEventListener("popstate", this.restore);
    this.sizes.disconnect();
  }

  show({ check }) {
    this.check = check;
    this.draw();
    this.root.dataset.ready = "true";
  }

  // What is shown is in the link

  read() {
    const { searchParams } = new URL(window.location.href);
    const number = (name, [low, high], usual) => {
      const text = searchParams.get(`smoothing_${name}`);
      const value = text === null || text.trim() === "" ? NaN : Number(text);
      return value >= low && value <= high ? value : usual;
    };
    this.alpha = number("alpha", [0, 0.4], PLAIN.alpha);
    this.beta = number("beta", [0, 0.4], PLAIN.beta);
    this.at = number("x", [-6, 6], PLAIN.at);
    this.real = readMixture(searchParams.get("smoothing_data") ?? SCENES.apart.real);
    this.fake = readMixture(searchParams.get("smoothing_fakes") ?? SCENES.apart.fake);
    this.real ??= readMixture(SCENES.apart.real);
    this.fake ??= readMixture(SCENES.apart.fake);
  }

  get texts() {
    return {
      alpha: shortText(this.alpha),
      beta: shortText(this.beta),
      data: mixtureText(this.real),
      fakes: mixtureText(this.fake),
    };
  }

  // What a trained D was trained on: it is drawn while that is what is shown.
  get checkKey() {
    return Object.values(this.texts).join(" ");
  }

  name() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      const usual = { alpha: "0.1", beta: "0.1", data: SCENES.apart.real, x: "-1.5" };
      usual.fakes = SCENES.apart.fake;
      const shown = { ...this.texts, x: shortText(this.at) };
      const values = new Map(
        Object.entries(shown).map(([name, text]) => [
          `smoothing_${name}`,
          text === usual[name] ? null : text,
        ]),
      );
      window.gandashEntries?.placeAll(values, true);
    }, LAB_RESTS_MS);
  }

  // What it is made of

  build() {
    const share = (value) => shortText(value);
    const range = (title, name) =>
      slider(title, { min: 0, max: 0.4, step: 0.01, value: this[name] }, share, (value) => {
        this[name] = value;
        this.moved();
      });
    this.sliders = { alpha: range("α, real", "alpha"), beta: range("β, generated", "beta") };
    const titles = Object.fromEntries(Object.entries(SCENES).map(([k, { title }]) => [k, title]));
    this.scenes = choice("Densities to begin with", titles, this.scene(), (chosen) => {
      this.real = readMixture(SCENES[chosen].real);
      this.fake = readMixture(SCENES[chosen].fake);
      this.moved();
      this.rebuild();
    });
    this.peaks = element("div", { className: "peaks", role: "group", "aria-label": "Peaks" });
    this.stage = element("div", { className: "stage" });
    this.words = element("p", { className: "says", role: "status" });
    this.checked = element("p", { className: "says" });
    this.root.replaceChildren(
      element(
        "div",
        { className: "lab" },
        element("div", { className: "bar" }, this.sliders.alpha.row, this.sliders.beta.row),
        element("div", { className: "bar" }, this.scenes.row, this.peaks),
        this.stage,
        labLegend(),
        this.words,
        this.checked,
      ),
    );
    this.rebuild();
  }

  scene() {
    const { data, fakes } = this.texts;
    const found = Object.entries(SCENES).find(([, it]) => it.real === data && it.fake === fakes);
    return found?.[0] ?? "";
  }

  set() {
    this.sliders.alpha.set(this.alpha);
    this.sliders.beta.set(this.beta);
    this.scenes.set(this.scene());
  }

  // The picture anew, where its width or the number of peaks is another.
  rebuild() {
    const focused = this.stage.getRootNode().activeElement?.dataset?.handle;
    this.width = Math.max(280, this.stage.clientWidth);
    const height = LAB.top + LAB.high + LAB.band + LAB.gap + LAB.low + LAB.gap;
    this.svg = drawn("svg", { width: this.width, height, class: "picture" });
    this.paths = {};
    for (const name of [
      "real",
      "fake",
      "plain",
      "best",
      "trained",
      "pullPlain",
      "pullAlpha",
      "pull",
      "arrows",
      "hard",
    ]) {
      this.paths[name] = drawn("path", { class: name });
    }
    this.frame = drawn("g", { class: "frame" });
    this.probe = this.handleOf("probe", "Place that is read");
    this.probeLine = drawn("line", { class: "probe-line" });
    this.handles = Object.keys(WHO).flatMap((who) =>
      this[who].map((_, index) => ({ who, index, handle: this.peakHandle(who, index) })),
    );
    this.svg.append(this.frame, ...Object.values(this.paths), this.probeLine);
    this.svg.append(...this.handles.map(({ handle }) => handle), this.probe);
    this.svg.addEventListener("pointermove", (event) => this.hovered(event));
    this.svg.addEventListener("pointerdown", (event) => this.hovered(event));
    this.stage.replaceChildren(this.svg);
    this.listPeaks();
    this.draw();
    if (focused) this.svg.querySelector(`[data-handle="${focused}"]`)?.focus();
  }

  listPeaks() {
    const buttons = Object.entries(WHO).flatMap(([who, title]) => [
      button(`+ peak of ${title}`, () => this.add(who), {
        disabled: this[who].length >= MOST_PEAKS,
      }),
      button(`− peak of ${title}`, () => this.remove(who, this[who].length - 1), {
        disabled: this[who].length < 2,
      }),
    ]);
    this.peaks.replaceChildren(...buttons);
  }

  handleOf(name, title) {
    return drawn("circle", {
      class: `handle ${name.split(" ")[0]}`,
      r: 8,
      tabindex: 0,
      role: "slider",
      "aria-label": title,
      "aria-valuemin": -6,
      "aria-valuemax": 6,
      "data-handle": name,
    });
  }

  peakHandle(who, index) {
    const handle = this.handleOf(`${who} ${index}`, `Peak ${index + 1} of ${WHO[who]}`);
    handle.addEventListener("keydown", (event) => this.key(event, who, index));
    handle.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      event.preventDefault();
      handle.focus();
      handle.setPointerCapture(event.pointerId);
      this.held = { who, index };
    });
    handle.addEventListener("pointermove", (event) => {
      if (this.held) this.drag(event, who, index);
    });
    const release = () => {
      this.held = null;
      this.draw();
    };
    handle.addEventListener("pointerup", release);
    handle.addEventListener("pointercancel", release);
    return handle;
  }

  add(who) {
    const last = this[who].at(-1);
    const mean = clamped(PEAK_LIMITS.mean, last.mean + (last.mean > 0 ? -2.5 : 2.5));
    this[who] = [...this[who], { mean, std: 0.6, weight: last.weight }];
    this.moved();
    this.rebuild();
  }

  remove(who, index) {
    if (this[who].length < 2) return;
    this[who] = this[who].filter((_, place) => place !== index);
    this.moved();
    this.rebuild();
  }

  // What moves it

  key(event, who, index) {
    const small = event.shiftKey ? 0.5 : 0.1;
    const [name, by] =
      {
        ArrowLeft: ["mean", -small],
        ArrowRight: ["mean", small],
        ArrowUp: ["std", -small / 2],
        ArrowDown: ["std", small / 2],
        "+": ["weight", 0.05],
        "-": ["weight", -0.05],
      }[event.key] ?? [];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Delete") this.remove(who, index);
    else if (name) this.put(who, index, { [name]: this[who][index][name] + by });
    else return;
    event.preventDefault();
  }

  put(who, index, changes) {
    const peak = this[who][index];
    for (const [name, value] of Object.entries(changes)) {
      peak[name] = clamped(PEAK_LIMITS[name], Math.round(value * 100) / 100);
    }
    this.moved();
  }

  drag(event, who, index) {
    const box = this.svg.getBoundingClientRect();
    const mean = this.placeAt(event.clientX - box.left);
    const height = ((LAB.top + LAB.high - (event.clientY - box.top)) / LAB.high) * this.most;
    const std = this.shareOf(who, index) / (Math.max(height, 1e-3) * Math.sqrt(2 * Math.PI));
    this.put(who, index, { mean, std });
  }

  hovered(event) {
    if (this.held || event.target.closest(".handle:not(.probe)")) return;
    if (event.pointerType === "touch" && event.type === "pointermove") return;
    this.probed(this.placeAt(event.clientX - this.svg.getBoundingClientRect().left));
  }

  probed(place) {
    this.at = clamped([-6, 6], Math.round(place * 20) / 20);
    this.draw();
    this.name();
  }

  moved() {
    this.set();
    this.draw();
    this.name();
  }

  // Where things stand

  placeAt(pixel) {
    const inside = this.width - 2 * LAB.side;
    return ((pixel - LAB.side) / inside) * 2 * LAB.reach - LAB.reach;
  }

  across(x) {
    return LAB.side + ((x + LAB.reach) / (2 * LAB.reach)) * (this.width - 2 * LAB.side);
  }

  shareOf(who, index) {
    const total = this[who].reduce((sum, { weight }) => sum + weight, 0);
    return this[who][index].weight / total;
  }

  draw() {
    if (this.pending || !this.svg) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.redraw();
    });
  }

  redraw() {
    const { real, fake, alpha, beta } = this;
    const values = (of) => this.xs.map(of);
    const densities = [real, fake].map((it) => values((x) => Math.exp(logDensityOf(it, x))));
    if (!this.held) this.scale(densities);
    const ground = LAB.top + LAB.high;
    const up = (value) => ground - (value / this.most) * LAB.high;
    const share = (value) => ground - value * LAB.high;
    this.fill("real", densities[0], up, ground);
    this.fill("fake", densities[1], up, ground);
    this.line(
      "plain",
      values((x) => bestD(real, fake, x, 0, 0)),
      share,
    );
    this.line(
      "best",
      values((x) => bestD(real, fake, x, alpha, beta)),
      share,
    );
    this.drawTrained(share);
    const middle = ground + LAB.band + LAB.gap + LAB.low / 2;
    const pull = (value) => middle - clamped([-1, 1], value / this.strongest) * (LAB.low / 2);
    this.line(
      "pullPlain",
      values((x) => pullOf(real, fake, x, 0, 0)),
      pull,
    );
    this.line(
      "pullAlpha",
      values((x) => pullOf(real, fake, x, alpha, 0)),
      pull,
    );
    this.line(
      "pull",
      values((x) => pullOf(real, fake, x, alpha, beta)),
      pull,
    );
    this.drawArrows(ground);
    this.drawFrame(ground, middle);
    this.placeHandles(up, ground, middle);
    this.say();
  }

  // Heights of the axes; kept while a peak is dragged, so that it stays under the pointer.
  scale(densities) {
    this.most = Math.max(0.5, 1.15 * Math.max(...densities.flat()));
    const greatest = Math.max(...densities[1]);
    const pulls = this.xs
      .filter((_, index) => densities[1][index] > 0.02 * greatest)
      .map((x) => Math.abs(pullOf(this.real, this.fake, x, 0, 0)));
    this.strongest = Math.max(1, Math.ceil(Math.max(...pulls)));
  }

  line(name, values, y) {
    const points = values.map((v, i) => `${this.across(this.xs[i]).toFixed(1)},${y(v).toFixed(1)}`);
    this.paths[name].setAttribute("d", `M${points.join("L")}`);
  }

  fill(name, values, y, ground) {
    this.line(name, values, y);
    const ends = [this.xs.at(-1), this.xs[0]].map((x) => `${this.across(x)},${ground}`);
    const { [name]: path } = this.paths;
    path.setAttribute("d", `${path.getAttribute("d")}L${ends.join("L")}Z`);
  }

  drawTrained(share) {
    const { check } = this;
    const fits = check && check.key === this.checkKey;
    this.paths.trained.toggleAttribute("hidden", !fits);
    this.checked.textContent = fits
      ? check.says
      : check
        ? "The densities or targets have moved since a D was trained: check it again."
        : "";
    if (!fits) {
      this.paths.trained.setAttribute("d", "");
      return;
    }
    const [first, last] = check.x;
    const step = (last - first) / (check.d.length - 1);
    const points = check.d.map((v, i) => `${this.across(first + i * step)},${share(v)}`);
    this.paths.trained.setAttribute("d", `M${points.join("L")}`);
  }

  // Samples of G, and where the best D pulls them: with hard labels above, as smoothed below.
  drawArrows(ground) {
    const places = quantilesOf(this.fake, SAMPLES_PULLED, this.xs);
    const row = (y, alpha, beta) =>
      places
        .map((x) => {
          const pull = pullOf(this.real, this.fake, x, alpha, beta);
          const long = clamped([-LONGEST_ARROW, LONGEST_ARROW], ARROW * pull);
          const [from, to] = [this.across(x), this.across(x + long)];
          const head = Math.sign(long) * Math.min(5, Math.abs(to - from));
          return `M${from - 2},${y}a2,2 0 1,0 4,0a2,2 0 1,0 -4,0M${from},${y}L${to},${y}
            M${to - head},${y - 3}L${to},${y}L${to - head},${y + 3}`;
        })
        .join("");
    this.paths.hard.setAttribute("d", row(ground + 30, 0, 0));
    this.paths.arrows.setAttribute("d", row(ground + 46, this.alpha, this.beta));
  }

  drawFrame(ground, middle) {
    const left = LAB.side;
    const right = this.width - LAB.side;
    const rule = (y, name = "rule") =>
      drawn("line", { class: name, x1: left, x2: right, y1: y, y2: y });
    const text = (x, y, words, anchor = "middle") =>
      drawn("text", { x, y, "text-anchor": anchor }, words);
    const every = this.width < 500 ? 3 : 1;
    const ticks = [-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].filter((x) => x % every === 0);
    this.frame.replaceChildren(
      rule(ground, "axis"),
      rule(middle, "axis"),
      ...[0.25, 0.5, 0.75, 1].map((v) => rule(ground - v * LAB.high)),
      ...[0, 0.5, 1].map((v) => text(right + 6, ground - v * LAB.high + 4, v, "start")),
      ...[0, 0.5, 1].map((v) =>
        text(left - 6, ground - v * LAB.high + 4, shortText(v * this.most), "end"),
      ),
      text(left - 30, LAB.top - 16, "density", "start"),
      text(right + 6, LAB.top - 16, "D", "start"),
      ...ticks.map((x) => text(this.across(x), ground + 16, withMinus(x))),
      text(right, ground + 34, "pulls, hard labels", "end"),
      text(right, ground + 50, "pulls, α and β", "end"),
      ...[1, 0, -1].map((v) =>
        text(left - 6, middle - (v * LAB.low) / 2 + 4, withMinus(v * this.strongest), "end"),
      ),
      text(left + 4, middle - LAB.low / 2 - 6, "pull on G: slope of log D*", "start"),
    );
  }

  placeHandles(up, ground, middle) {
    this.handles.forEach(({ who, index, handle }) => {
      const { mean, std } = this[who][index];
      const share = this.shareOf(who, index);
      const height = share / (std * Math.sqrt(2 * Math.PI));
      handle.setAttribute("cx", this.across(mean));
      handle.setAttribute("cy", Math.max(LAB.top, up(height)));
      handle.setAttribute("aria-valuenow", mean);
      const parts = [`mean ${shortText(mean)}`, `deviation ${shortText(std)}`];
      if (this[who].length > 1) parts.push(`${Math.round(100 * share)} % of the mass`);
      handle.setAttribute("aria-valuetext", parts.join(", "));
    });
    const x = this.across(this.at);
    const ends = { x1: x, x2: x, y1: LAB.top, y2: middle + LAB.low / 2 };
    Object.entries(ends).forEach(([name, value]) => this.probeLine.setAttribute(name, value));
    this.probe.setAttribute("cx", x);
    this.probe.setAttribute("cy", middle + LAB.low / 2);
    this.probe.setAttribute("aria-valuenow", this.at);
    this.probe.setAttribute("aria-valuetext", `x = ${shortText(this.at)}`);
    this.probe.onkeydown = (event) => {
      const by = { ArrowLeft: -0.1, ArrowRight: 0.1 }[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.probed(this.at + by);
    };
  }

  say() {
    const { real, fake, alpha, beta, at } = this;
    const answer = (...smoothing) => bestD(real, fake, at, ...smoothing).toFixed(3);
    const pull = (...smoothing) => inThree(pullOf(real, fake, at, ...smoothing));
    const floor = binaryEntropy(alpha) + binaryEntropy(beta);
    this.words.textContent =
      `At x = ${withMinus(at.toFixed(2))}: D* is ${answer(0, 0)} with hard labels and ` +
      `${answer(alpha, beta)} smoothed. Pull on a sample there: ${pull(0, 0)} with hard labels, ` +
      `${pull(alpha, 0)} with α alone, ${pull(alpha, beta)} with both. No D's loss can fall ` +
      `below ${floor.toFixed(3)} nats.`;
  }
}

function inThree(value) {
  return Math.abs(value) < 5e-4 ? "0" : withMinus(Number(value.toPrecision(3)));
}

function withMinus(value) {
  return String(value).replace("-", "−");
}

function labLegend() {
  const keys = {
    real: "p_data",
    fake: "p_g",
    plain: "D*, hard labels",
    best: "D*, α and β",
    trained: "a trained D",
    pullAlpha: "pull with α alone (as with hard labels)",
  };
  const items = Object.entries(keys).map(([name, text]) =>
    element("span", { className: `lab-key ${name}` }, text),
  );
  const how =
    "Drag a dot: sideways its mean, up and down its width. Keys: arrows, + and − for its share, " +
    "Delete.";
  return element("p", { className: "lab-legend" }, ...items, element("span", {}, how));
}
