// The playground's player: one or two recordings under one cursor, played without the server.
import { button, choice, element, slider } from "../studio/elements.js";
import { CHARTS, SmallChart } from "./curves.js";
import { fetchRecording } from "./recording.js";
import { LEGEND, drawScene } from "./scene.js";

const FRAMES_PER_SECOND = 12;
const FRAME_RESTS_MS = 150;
const SPEEDS = { slow: "¼×", normal: "1×", fast: "3×" };
const TIMES = { slow: 0.25, normal: 1, fast: 3 };
const LAYERS = { data: "Data", pulls: "Pull on G", grid: "Grid of z" };
const LETTERS = { optimum: "o", data: "d", pulls: "p", grid: "g" };
const STANDARD = "dp";

// data: { sides: [{ title, url }], parameter }; `parameter` begins the names in the link.
export async function mountPlayer(root, data) {
  const player = new Player(root, data.parameter);
  await player.show(data);
  return player;
}

class Player {
  constructor(root, parameter) {
    this.root = root;
    this.parameter = parameter;
    this.frame = 0;
    this.speed = "normal";
    this.sides = [];
    this.read();
    this.restore = () => {
      this.pause();
      this.read();
      this.draw();
    };
    window.addEventListener("popstate", this.restore);
    this.sizes = new ResizeObserver(() => this.draw());
    this.scheme = new MutationObserver(() => this.draw());
    this.scheme.observe(document.documentElement, { attributes: true });
  }

  close() {
    this.pause();
    clearTimeout(this.resting);
    window.removeEventListener("popstate", this.restore);
    this.sizes.disconnect();
    this.scheme.disconnect();
  }

  async show({ sides, frames }) {
    const wanted = JSON.stringify([sides, frames]);
    if (wanted === this.wanted) return;
    const first = this.wanted === undefined;
    this.wanted = wanted;
    this.pause();
    try {
      const recordings = await Promise.all(
        sides.map(({ url }) => fetchRecording(new URL(url, document.baseURI), frames)),
      );
      if (wanted !== this.wanted) return; // newer ones were asked for in the meantime
      this.build(sides, recordings);
    } catch (error) {
      this.root.replaceChildren(
        element("p", { className: "notice", role: "alert" }, error.message),
      );
      return;
    }
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const named = new URL(window.location.href).searchParams.has(`${this.parameter}step`);
    if (!named && !first) this.frame = 0;
    if (!still && !named) this.play();
    else if (first && !named) this.moveTo(this.last);
    this.root.dataset.ready = "true";
  }

  get longest() {
    const recordings = this.sides.map(({ recording }) => recording);
    return recordings.reduce((most, it) => (it.frames > most.frames ? it : most));
  }

  get last() {
    return this.longest.frames - 1;
  }

  // The frame of a side: one whose run broke off stays at its end.
  frameOf(recording) {
    return Math.min(this.frame, recording.frames - 1);
  }

  // What is shown is in the link

  read() {
    const { searchParams } = new URL(window.location.href);
    const letters = searchParams.get(`${this.parameter}shown`) ?? STANDARD;
    this.shown = Object.fromEntries(
      Object.entries(LETTERS).map(([layer, sign]) => [layer, letters.includes(sign)]),
    );
    const step = searchParams.get(`${this.parameter}step`) ?? "";
    if (/^\d{1,4}$/.test(step)) this.frame = Number(step);
    this.layerBoxes?.forEach(({ layer, box }) => (box.checked = this.shown[layer]));
    this.heat?.set(this.shown.optimum ? "optimum" : "heat");
  }

  name() {
    clearTimeout(this.resting);
    if (this.timer) return;
    this.resting = setTimeout(() => {
      const letters = Object.entries(LETTERS)
        .filter(([layer]) => this.shown[layer])
        .map(([, sign]) => sign)
        .join("");
      const entries = window.gandashEntries;
      entries?.place(`${this.parameter}step`, this.frame === this.last ? null : String(this.frame));
      entries?.place(`${this.parameter}shown`, sameLetters(letters, STANDARD) ? null : letters);
    }, FRAME_RESTS_MS);
  }

  // What it is made of

  build(sides, recordings) {
    this.frame = Math.min(this.frame, Math.max(...recordings.map(({ frames }) => frames)) - 1);
    const charts = CHARTS.filter(
      ({ probability }) => !probability || recordings.every(({ facts }) => facts.probability),
    );
    this.ranges = charts.map((chart) => SmallChart.extent(chart, recordings));
    this.sides = recordings.map(
      (recording, index) =>
        new Side(sides[index].title, recording, charts, (share) => {
          this.pause();
          this.moveTo(Math.round(share * this.last));
        }),
    );
    this.sizes.disconnect();
    this.sides.forEach(({ canvas }) => this.sizes.observe(canvas));
    const board = element("div", { className: "sides" }, ...this.sides.map((side) => side.element));
    board.style.setProperty("--sides", this.sides.length);
    const frame = element(
      "div",
      { className: "player" },
      this.transport(),
      board,
      legend(recordings),
    );
    frame.addEventListener("keydown", (event) => this.key(event));
    this.root.replaceChildren(frame);
    this.draw();
  }

  transport() {
    this.playButton = button("▶", () => this.toggle(), {
      className: "primary",
      "aria-label": "Play",
      title: "Play (space)",
    });
    const back = button("‹", () => this.step(-1), { "aria-label": "Back", title: "Back (←)" });
    const on = button("›", () => this.step(1), { "aria-label": "On", title: "On (→)" });
    const { facts } = this.longest;
    const stepsOfFrame = facts.steps / (facts.frames - 1 || 1);
    const sayStep = (place) => `step ${Math.round(place * stepsOfFrame).toLocaleString("en")}`;
    this.range = slider(
      "Step",
      { min: 0, max: this.last, step: 1, value: this.frame },
      sayStep,
      (place) => {
        this.pause();
        this.moveTo(place);
      },
    );
    this.range.row.classList.add("steps");
    const speed = choice("Speed", SPEEDS, this.speed, (chosen) => {
      this.speed = chosen;
      if (this.timer) this.play();
    });
    return element(
      "div",
      { className: "transport" },
      this.playButton,
      back,
      on,
      this.range.row,
      speed.row,
      this.layers(),
    );
  }

  layers() {
    const row = element("div", {
      className: "layers",
      role: "group",
      "aria-label": "What is shown",
    });
    if (this.sides.some(({ recording }) => recording.at("optimum", 0))) {
      this.heat = choice(
        "Shown behind the points",
        { heat: "D", optimum: "D*" },
        this.shown.optimum ? "optimum" : "heat",
        (chosen) => {
          this.shown.optimum = chosen === "optimum";
          this.draw();
          this.name();
        },
      );
      row.append(this.heat.row);
    }
    this.layerBoxes = Object.entries(LAYERS)
      .filter(
        ([layer]) =>
          layer !== "grid" || this.sides.some(({ recording }) => recording.at("warp", 0)),
      )
      .map(([layer, title]) => {
        const box = element("input", { type: "checkbox", checked: this.shown[layer] });
        box.addEventListener("change", () => {
          this.shown[layer] = box.checked;
          this.draw();
          this.name();
        });
        row.append(element("label", {}, box, title));
        return { layer, box };
      });
    return row;
  }

  key(event) {
    const inRange = event.target === this.range.input;
    const action = {
      " ": () => this.toggle(),
      ArrowLeft: () => this.step(-1),
      ArrowRight: () => this.step(1),
      Home: () => this.step(-this.frame),
      End: () => this.step(this.last - this.frame),
    }[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    if (
      event.key === " " &&
      event.target !== this.playButton &&
      !inRange &&
      event.target.matches("button, input")
    )
      return;
    event.preventDefault();
    action();
  }

  // What moves it

  moveTo(frame) {
    this.frame = Math.min(this.last, Math.max(0, frame));
    this.draw();
    this.name();
  }

  step(by) {
    this.pause();
    this.moveTo(this.frame + by);
  }

  toggle() {
    if (this.timer) {
      this.pause();
      this.name();
      return;
    }
    if (this.frame === this.last) this.frame = 0;
    this.play();
  }

  play() {
    clearInterval(this.timer);
    this.timer = setInterval(
      () => {
        if (this.frame >= this.last) {
          this.pause();
          this.name();
        } else {
          this.moveTo(this.frame + 1);
        }
      },
      1000 / (FRAMES_PER_SECOND * TIMES[this.speed]),
    );
    this.setPlayButton("Pause", "❚❚");
  }

  pause() {
    clearInterval(this.timer);
    this.timer = 0;
    this.setPlayButton("Play", "▶");
  }

  setPlayButton(label, sign) {
    if (!this.playButton) return;
    this.playButton.textContent = sign;
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = `${label} (space)`;
  }

  draw() {
    if (this.pending || !this.sides.length) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      const ink = getComputedStyle(this.root).color;
      this.sides.forEach((side) =>
        side.draw(this.frameOf(side.recording), this.last, this.shown, this.ranges, ink),
      );
      this.range.set(this.frame);
      this.root.dataset.frame = this.frame;
    });
  }
}

class Side {
  constructor(title, recording, charts, go) {
    this.recording = recording;
    this.canvas = element("canvas", {
      className: recording.facts.dim === 1 ? "scene line" : "scene",
      role: "img",
    });
    this.facts = element("p", { className: "facts" });
    this.charts = charts.map((chart) => new SmallChart(chart, go));
    const curves = this.charts.map((chart) => chart.element);
    const measured = element("div", { className: "measured" }, this.facts, ...curves);
    const name = element("h3", { title }, title);
    const properties = { className: "side", "aria-label": title };
    this.element = element("section", properties, name, this.canvas, measured);
  }

  draw(frame, last, shown, ranges, ink) {
    drawScene(this.canvas, this.recording, frame, shown, ink);
    this.charts.forEach((chart, index) =>
      chart.draw(this.recording, frame, last, ranges[index], ink),
    );
    this.facts.textContent = this.say(frame);
    this.canvas.setAttribute(
      "aria-label",
      `${this.recording.facts.title}: ${this.facts.textContent}`,
    );
  }

  // The numbers of a frame in words.
  say(frame) {
    const { facts } = this.recording;
    const value = (name) => this.recording.curve(name)[frame];
    const parts = [];
    if (facts.modes > 1) parts.push(`${value("modes")} of ${facts.modes} modes`);
    if (facts.modes)
      parts.push(`${Math.round(100 * value("high_quality"))} % of samples within 3σ of one`);
    parts.push(`JS ${number(value("js"))} (the data itself: ${number(facts.floor)})`);
    parts.push(
      `KL(p_data‖p_g) ${number(value("kl"))}, KL(p_g‖p_data) ${number(value("reverse_kl"))}`,
    );
    if (frame)
      parts.push(`losses of D ${number(value("d_loss"))}, of G ${number(value("g_loss"))}`);
    return parts.join(" · ");
  }
}

function legend(recordings) {
  const probability = recordings.every(({ facts }) => facts.probability);
  const line = recordings.every(({ facts }) => facts.dim === 1);
  const keys = line
    ? [
        ["area", "inherit", "p_data"],
        ["stroke", LEGEND.sample, "p_g"],
        [
          "stroke",
          LEGEND.real,
          probability ? "D, from 0 to 1" : "D, from its least to its greatest",
        ],
      ]
    : [
        ["dot", "inherit", "data"],
        ["dot", LEGEND.sample, "samples of G"],
        ["area", LEGEND.real, probability ? "D says real" : "D's greatest output"],
        ["area", LEGEND.fake, probability ? "D says generated" : "its least"],
      ];
  const items = keys.map(([kind, color, text]) => {
    const item = element("span", { className: `legend-key ${kind}` }, text);
    item.style.setProperty("--key", color === "inherit" ? "currentColor" : color);
    return item;
  });
  return element(
    "p",
    { className: "legend" },
    ...items,
    element("span", {}, "strokes: where G's loss pulls a sample"),
  );
}

function number(value) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "–";
  return value.toFixed(Math.abs(value) < 0.095 ? 3 : 2);
}

function sameLetters(a, b) {
  return [...a].sort().join("") === [...b].sort().join("");
}
