// A translator under the pen: what is drawn, chosen or opened on the left is translated while it
// changes, by the visitor's machine. Where both directions were learned it is translated back, too.
import { loaderFromServer } from "../runtime/from_server.js";
import { readSafetensors } from "../runtime/safetensors.js";
import { button, choice, element, slider } from "../studio/elements.js";
import { Picture } from "../studio/picture.js";
import { DARK_COLOR, Drawing, LIGHT_COLOR } from "./drawing.js";
import { edgesOf } from "./edges.js";

const WAY = "translate_way";
const EXAMPLE = "translate_example";
const DRAWN = "translate_drawn";
const LARGEST_FILE = 20_000_000; // bytes

// data: { name, title, shape, both, lines, source, target, examples, worker }; here: the address of
// this script. `shape` is (channels, side, side); `lines` says whether sources are black on white.
export async function mountTranslate(root, data, here) {
  const load = loaderFromServer(here, data.worker);
  const answer = await fetch(new URL(data.examples, document.baseURI));
  const { tensors } = readSafetensors(await answer.arrayBuffer());
  const desk = new Desk(root, data, load, tensors.pairs.data);
  await desk.open();
  root.dataset.ready = "true";
  return desk;
}

class Desk {
  constructor(root, data, load, pairs) {
    this.data = data;
    this.load = load;
    this.pairs = pairs;
    [this.channels, this.side] = data.shape;
    this.networks = {};
    this.drawing = new Drawing(
      this.side,
      () => this.draw(),
      (isAction) => this.drawn(isAction),
    );
    this.made = new Picture(data.shape, "Translation");
    this.other = new Picture(data.shape, "");
    this.told = element("p", { className: "quiet", role: "status" }, "Its weights are on the way.");
    root.replaceChildren(this.build());
    this.restore = () => location.pathname.endsWith("/translate") && this.show();
    window.addEventListener("popstate", this.restore);
  }

  build() {
    this.names = [0, 1, 2].map(() => element("figcaption", {}));
    const sheets = [this.drawing.canvas, this.made.canvas, this.other.canvas].map((canvas, place) =>
      element("figure", {}, this.names[place], canvas),
    );
    [, , this.last] = sheets;
    this.strip = element("div", { className: "examples", role: "group", "aria-label": "Examples" });
    return element(
      "div",
      { className: "translate" },
      element("div", { className: "sheets" }, ...sheets),
      this.tools(),
      this.told,
      element("h3", {}, "Pairs that it has not seen"),
      this.strip,
    );
  }

  tools() {
    const file = element("input", {
      type: "file",
      accept: "image/*",
      hidden: true,
      onchange: () => this.take(file),
    });
    const pen = { min: 1, max: Math.max(2, this.side >> 3), step: 1, value: 1 };
    const width = slider(
      "Pen",
      pen,
      (value) => `${value} px`,
      (value) => {
        this.drawing.pen.width = value;
      },
    );
    const kind = choice("Draw or erase", { pen: "Draw", rubber: "Erase" }, "pen", (chosen) => {
      const { paper } = this.drawing;
      this.drawing.pen.color = chosen === "pen" ? this.ink.value : paper;
    });
    this.ink = element("input", {
      type: "color",
      value: DARK_COLOR,
      "aria-label": "Color of the pen",
      hidden: this.data.lines,
      oninput: () => {
        kind.set("pen");
        this.drawing.pen.color = this.ink.value;
      },
    });
    this.takePaper = () => {
      const dark = this.half(0, 0)[0] < 128; // what lies in the corner of the first example
      this.drawing.paper = dark ? DARK_COLOR : LIGHT_COLOR;
      this.ink.value = dark ? LIGHT_COLOR : DARK_COLOR;
      this.drawing.pen.color = this.ink.value;
      kind.set("pen");
    };
    this.lines = button("Take its lines", () => this.takeLines());
    this.way = choice("Direction", this.directions, "there", (way) => this.turn(way));
    this.way.row.hidden = !this.data.both;
    return element(
      "div",
      { className: "row" },
      this.way.row,
      kind.row,
      this.ink,
      width.row,
      button("Undo", () => this.drawing.undo()),
      button("Clear", () => this.clear()),
      button("Open a picture", () => file.click()),
      this.lines,
      button("Save picture", () => this.save()),
      file,
    );
  }

  get directions() {
    const { source, target } = this.data;
    return { there: `${source} → ${target}`, back: `${target} → ${source}` };
  }

  async open() {
    this.show();
    try {
      await this.network("there");
      if (this.data.both) await this.network("back");
      this.draw();
    } catch (error) {
      this.told.textContent = error.message;
    }
  }

  // The network of a direction, opened once.
  async network(way) {
    const { generator, note } = await this.load(`../translators/${this.data.name}/${way}`);
    this.networks[way] = generator;
    this.note = note;
  }

  // What the link says, the first example if it says nothing; newer data changes nothing.
  show() {
    const asked = new URLSearchParams(window.location.search);
    const way = asked.get(WAY);
    this.direction = this.data.both && way === "back" ? way : "there";
    this.way.set(this.direction);
    this.fill();
    const code = asked.get(DRAWN);
    if (code && this.drawing.read(code)) {
      this.chosen = -1;
      this.mark();
      return;
    }
    const number = Number(asked.get(EXAMPLE) ?? 0);
    this.choose(number >= 0 && number < this.count ? Math.floor(number) : 0, false);
  }

  get count() {
    return this.pairs.length / (2 * this.channels * this.side ** 2);
  }

  // One image of a pair: 0 is what the present direction starts from, 1 where it leads.
  half(number, part) {
    const size = this.channels * this.side ** 2;
    const place = this.direction === "back" ? 1 - part : part;
    return this.pairs.subarray((2 * number + place) * size, (2 * number + place + 1) * size);
  }

  fill() {
    this.takePaper();
    const tiles = Array.from({ length: this.count }, (_, number) => {
      const tile = new Picture(this.data.shape, "");
      tile.draw(withAlpha(this.half(number, 0), this.channels));
      const pick = () => this.choose(number, true);
      const named = { "aria-label": `Example ${number + 1}`, className: "tile", onclick: pick };
      return element("button", { type: "button", ...named }, tile.canvas);
    });
    this.strip.replaceChildren(...tiles);
  }

  turn(way) {
    this.direction = way;
    this.fill();
    this.choose(Math.max(this.chosen, 0), true);
  }

  get readsLines() {
    return this.data.lines && this.direction === "there";
  }

  choose(number, pressed) {
    this.chosen = number;
    this.drawing.show(this.half(number, 0));
    this.mark();
    if (pressed) this.write({ [EXAMPLE]: String(number), [DRAWN]: null }, true);
  }

  mark() {
    this.lines.hidden = !this.readsLines;
    [...this.strip.children].forEach((tile, number) => {
      tile.setAttribute("aria-pressed", String(number === this.chosen));
    });
  }

  clear() {
    this.chosen = -1;
    this.mark();
    this.drawing.clear();
  }

  // A stroke has ended: lines go into the link.
  drawn(isAction) {
    this.chosen = -1;
    this.mark();
    if (this.readsLines)
      this.write({ [DRAWN]: this.drawing.code, [EXAMPLE]: null }, isAction);
    this.draw();
  }

  write(values, isAction) {
    const all = { ...values, [WAY]: this.direction === "back" ? "back" : null };
    window.gandashEntries?.placeAll(new Map(Object.entries(all)), isAction);
  }

  // A photograph becomes the lines that the network has learned to read.
  takeLines() {
    this.drawing.show(edgesOf(this.drawing.levels, this.side));
    this.drawn(true);
  }

  async take(file) {
    const [picked] = file.files;
    file.value = "";
    if (!picked) return;
    try {
      if (picked.size > LARGEST_FILE) throw new Error("too large");
      await this.drawing.open(picked);
      this.drawn(true);
    } catch {
      const most = `${LARGEST_FILE / 1e6} MB`;
      this.told.textContent =
        `A picture of at most ${most} can be opened, and ${picked.name} is ` +
        "none that this browser reads: choose a PNG or JPEG.";
    }
  }

  async draw() {
    const names = [this.data.source, this.data.target];
    if (this.direction === "back") names.reverse();
    const example = this.chosen >= 0;
    const [from, to] = names;
    this.names[0].textContent = example ? `${from}: example ${this.chosen + 1}` : from;
    this.names[1].textContent = `${to}, translated`;
    this.last.hidden = !this.data.both && !example;
    this.names[2].textContent = this.data.both ? `${from}, translated back` : `${to} of the pair`;
    if (!this.data.both && example) {
      this.other.draw(withAlpha(this.half(this.chosen, 1), this.channels));
    }
    const network = this.networks[this.direction];
    if (!network) return;
    try {
      const made = await network.follow("translation", this.drawing.values(this.channels));
      if (!made) return; // a newer one is under way
      this.made.draw(made.sample);
      this.told.textContent =
        this.note || `Translated by your machine, ${made.ms.toFixed(1)} ms each.`;
      if (this.data.both) await this.again(made.sample);
    } catch (error) {
      this.told.textContent = error.message;
    }
  }

  // What comes back of a translation.
  async again(pixels) {
    const network = this.networks[this.direction === "back" ? "there" : "back"];
    if (!network) return;
    const values = new Float32Array(this.channels * this.side ** 2);
    for (let i = 0; i < this.side ** 2; i += 1) {
      for (let c = 0; c < this.channels; c += 1) {
        values[i * this.channels + c] = pixels[4 * i + c] / 127.5 - 1;
      }
    }
    const made = await network.follow("cycle", values);
    if (made) this.other.draw(made.sample);
  }

  // The source and what was made of it, beside each other, each pixel eight times as large.
  save() {
    const large = 8 * this.side;
    const sheets = [this.drawing.canvas, this.made.canvas];
    if (!this.last.hidden) sheets.push(this.other.canvas);
    const whole = element("canvas", { width: large * sheets.length, height: large });
    const context = whole.getContext("2d");
    context.imageSmoothingEnabled = false;
    sheets.forEach((sheet, place) => context.drawImage(sheet, place * large, 0, large, large));
    const link = element("a", { download: `${this.data.name}.png`, href: whole.toDataURL() });
    link.click();
  }

  close() {
    window.removeEventListener("popstate", this.restore);
    Object.values(this.networks).forEach((network) => network.close());
  }
}

// Values (channels, places) of 0 to 255 as pixels with alpha.
function withAlpha(values, channels) {
  const places = values.length / channels;
  const pixels = new Uint8ClampedArray(4 * places).fill(255);
  for (let i = 0; i < places; i += 1) {
    for (let c = 0; c < 3; c += 1) {
      pixels[4 * i + c] = values[(c < channels ? c : 0) * places + i];
    }
  }
  return pixels;
}
