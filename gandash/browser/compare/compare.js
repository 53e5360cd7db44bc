// Checkpoints beside each other at the same z: a matrix of seeds, or two of them under one divider.
import { loaderFromServer } from "../runtime/from_server.js";
import { drawLatent } from "../runtime/random.js";
import { button, choice, element, slider } from "../studio/elements.js";
import { lengthOf } from "../studio/latents.js";

const COMPARE_VIEWS = { matrix: "Matrix", wipe: "Wipe", difference: "Difference" };
const COMPARE_RESTS_MS = 200;
const LABEL_WIDTH = 190;
const CELL = 96; // pixels of a cell in the exported picture
const NUMBERED = { scale: [0, 2, 1], label: [0, 9999, 0], left: [0, 11, 0], right: [0, 11, 1] };

// data: { checkpoints, seed, count, worker, parameter }; here: the address of this script.
export async function mountCompare(root, data, here) {
  const compare = new Compare(root, loaderFromServer(here, data.worker), data.parameter);
  await compare.show(data);
  return compare;
}

class Compare {
  constructor(root, load, parameter) {
    this.root = root;
    this.load = load;
    this.parameter = parameter;
    this.opened = new Map(); // by name: Promises of { generator, note }
    this.at = 0.5; // of the divider
    this.read();
    this.restore = () => {
      this.read();
      if (this.rows) this.build();
    };
    window.addEventListener("popstate", this.restore);
  }

  close() {
    clearTimeout(this.resting);
    window.removeEventListener("popstate", this.restore);
    this.opened.forEach((opening) => opening.then(({ generator }) => generator.close()));
  }

  async show({ checkpoints, seed, count }) {
    const wanted = JSON.stringify([checkpoints.map(({ name }) => name), seed, count]);
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.root.dataset.ready = "false";
    this.seeds = Array.from({ length: count }, (_, place) => (seed + place) % 2 ** 32);
    this.checkpoints = checkpoints;
    this.forget(new Set(checkpoints.map(({ name }) => name)));
    this.rows = [];
    for (const facts of checkpoints) {
      const row = { facts, samples: [], problem: "" };
      try {
        Object.assign(row, await this.open(facts.name)); // one after the other: each is measured
      } catch (error) {
        row.problem = error.message;
      }
      if (wanted !== this.wanted) return; // another choice came in between
      this.rows.push(row);
    }
    this.build();
  }

  open(name) {
    if (!this.opened.has(name)) this.opened.set(name, this.load(name));
    return this.opened.get(name).catch((error) => {
      this.opened.delete(name);
      throw error;
    });
  }

  forget(kept) {
    for (const [name, opening] of this.opened) {
      if (kept.has(name)) continue;
      this.opened.delete(name);
      opening.then(({ generator }) => generator.close()).catch(() => {});
    }
  }

  // What is shown is in the link

  read() {
    const { searchParams } = new URL(window.location.href);
    const view = searchParams.get(`${this.parameter}view`);
    this.view = view in COMPARE_VIEWS ? view : "matrix";
    for (const [name, [low, high, usual]] of Object.entries(NUMBERED)) {
      const value = Number(searchParams.get(`${this.parameter}${name}`) ?? usual);
      this[name] = value >= low && value <= high ? value : usual;
    }
  }

  write(isEntry) {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      const view = this.view === "matrix" ? null : this.view;
      const values = new Map([[`${this.parameter}view`, view]]);
      for (const [name, [, , usual]] of Object.entries(NUMBERED)) {
        values.set(`${this.parameter}${name}`, this[name] === usual ? null : String(this[name]));
      }
      window.gandashEntries?.placeAll(values, isEntry);
    }, COMPARE_RESTS_MS);
  }

  // What it is made of

  build() {
    const most = this.rows.length - 1;
    this.left = Math.min(this.left, most);
    this.right = Math.min(this.right, most);
    const board = this.view === "matrix" ? this.matrix() : this.pair();
    this.root.replaceChildren(element("div", { className: "compare" }, this.controls(), board));
    this.draw();
  }

  controls() {
    const views = this.rows.length > 1 ? COMPARE_VIEWS : { matrix: "Matrix" };
    const view = choice("View", views, this.view, (chosen) => {
      this.view = chosen;
      this.build();
      this.write(true);
    });
    const scale = slider(
      "z ×", { min: 0, max: 2, step: 0.05, value: this.scale }, (value) => value.toFixed(2),
      (value) => {
        this.scale = value;
        this.draw();
        this.write(false);
      },
    );
    const parts = [view.row, scale.row];
    if (this.classes().length) parts.push(this.classChoice());
    parts.push(button("Save picture", () => this.save()));
    return element("div", { className: "compare-controls" }, ...parts);
  }

  // The classes of the first checkpoint that is told any: the others that are have the same.
  classes() {
    return this.checkpoints.find(({ classes }) => classes.length)?.classes ?? [];
  }

  classChoice() {
    const names = this.classes();
    this.label = Math.min(this.label, names.length - 1);
    return this.select("Class", names, this.label, (place) => {
      this.label = place;
      this.draw();
      this.write(true);
    });
  }

  select(title, names, chosen, choose) {
    const options = names.map((name, place) => element("option", { value: String(place) }, name));
    const list = element("select", { "aria-label": title }, ...options);
    list.value = String(chosen);
    list.addEventListener("change", () => choose(Number(list.value)));
    return element("label", { className: "compare-choice" }, title, list);
  }

  matrix() {
    const head = element(
      "tr", {}, element("th", { scope: "col" }, "Seed"),
      ...this.seeds.map((seed) => element("th", { scope: "col" }, String(seed))),
    );
    const rows = this.rows.map((row) => {
      const { title } = row.facts;
      const said = row.problem || row.note;
      const name = element("th", { scope: "row", title }, title);
      if (said) name.append(element("span", { className: "compare-note" }, said));
      row.canvases = this.seeds.map((seed) => square(row.facts, `${title}, seed ${seed}`));
      const cells = row.canvases.map((canvas, place) => this.cell(row, canvas, place));
      return element("tr", {}, name, ...cells);
    });
    const body = [element("thead", {}, head), element("tbody", {}, ...rows)];
    return element("div", { className: "compare-scroll" }, element("table", {}, ...body));
  }

  // A picture that leads to its place in the latent space.
  cell(row, canvas, place) {
    const link = element("a", { title: "Open in Latent space" }, canvas);
    link.addEventListener("pointerenter", () => (link.href = this.address(row, place)));
    link.href = this.address(row, place);
    return element("td", {}, link);
  }

  address({ facts }, place) {
    const values = new URLSearchParams({
      latent_checkpoint: facts.name,
      latent_tray: this.seeds.join(","),
      latent_corners: Array(4).fill(place).join(","),
    });
    if (facts.classes.length) values.set("latent_label", String(this.label));
    if (this.scale !== 1) {
      const length = this.scale * lengthOf(drawLatent(this.seeds[place], facts.latent));
      values.set("latent_length", length.toFixed(3));
    }
    return `latent?${values}`;
  }

  pair() {
    const titles = this.rows.map(({ facts }) => facts.title);
    const choose = (side) => (place) => {
      this[side] = place;
      this.build();
      this.write(true);
    };
    const sides = element(
      "div", { className: "compare-controls" },
      this.select("Left", titles, this.left, choose("left")),
      this.select("Right", titles, this.right, choose("right")),
    );
    const tiles = this.seeds.map((seed) => square(this.widest(), `Seed ${seed}`));
    this.tiles = tiles;
    const figures = tiles.map((tile, place) =>
      element("figure", {}, tile, element("figcaption", {}, `seed ${this.seeds[place]}`)),
    );
    const board = element("div", { className: "compare-tiles" }, ...figures);
    if (this.view === "difference") return element("div", {}, sides, board);
    const divider = slider(
      "Divider", { min: 0, max: 1, step: 0.01, value: this.at },
      (value) => `${Math.round(100 * value)} %`, (value) => this.wipeTo(value),
    );
    board.addEventListener("pointermove", (event) => {
      if (event.target.tagName !== "CANVAS") return;
      const box = event.target.getBoundingClientRect();
      divider.set(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
      this.wipeTo(Number(divider.input.value));
    });
    sides.append(divider.row);
    return element("div", {}, sides, board);
  }

  widest() {
    const [one, other] = [this.left, this.right].map((place) => this.rows[place].facts);
    return one.shape.at(-1) >= other.shape.at(-1) ? one : other;
  }

  wipeTo(share) {
    this.at = share;
    if (this.drawn) this.tiles.forEach((_, place) => this.drawTile(place));
  }

  // Samples of all rows that are shown; of wishes that follow each other the newest counts.
  async draw() {
    const wish = Symbol("wish");
    this.wish = wish;
    this.drawn = false;
    const both = [this.rows[this.left], this.rows[this.right]];
    const shown = (this.view === "matrix" ? this.rows : both).filter(({ generator }) => generator);
    await Promise.all(shown.map((row) => this.make(row, wish)));
    if (this.wish !== wish) return;
    this.drawn = true;
    if (this.view !== "matrix") this.tiles.forEach((_, place) => this.drawTile(place));
    this.root.dataset.ready = "true";
  }

  async make(row, wish) {
    const shares = sharesOf(row.generator, this.label);
    for (const [place, seed] of this.seeds.entries()) {
      const z = drawLatent(seed, row.generator.latent).map((value) => value * this.scale);
      const made = await row.generator.follow(`cell ${place}`, Float32Array.from(z), shares);
      if (!made || this.wish !== wish) return;
      row.samples[place] = bitmapOf(row.facts, made.sample);
      if (this.view === "matrix") paint(row.canvases[place], row.samples[place]);
    }
  }

  drawTile(place) {
    const canvas = this.tiles[place];
    const [left, right] = [this.left, this.right].map((side) => this.rows[side].samples[place]);
    if (!left || !right) return;
    paint(canvas, left);
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    const { width, height } = canvas;
    if (this.view === "difference") {
      context.globalCompositeOperation = "difference";
      context.drawImage(right, 0, 0, width, height);
      context.globalCompositeOperation = "source-over";
      return;
    }
    const from = Math.round(this.at * width); // whole pixels on both sides of the divider
    const cut = (from / width) * right.width;
    const rest = right.width - cut;
    context.drawImage(right, cut, 0, rest, right.height, from, 0, width - from, height);
  }

  // One picture of all that is shown, with names and seeds.
  save() {
    const titles = [this.left, this.right].map((side) => this.rows[side].facts.title);
    const rows = this.view === "matrix"
      ? this.rows.map(({ facts, canvases }) => [facts.title, canvases])
      : [[titles.join(" | "), this.tiles]];
    const canvas = element("canvas", {
      width: LABEL_WIDTH + CELL * this.seeds.length, height: 24 + CELL * rows.length,
    });
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "#1c1b2b";
    context.font = "13px sans-serif";
    context.imageSmoothingEnabled = false;
    this.seeds.forEach((seed, place) => {
      context.fillText(`seed ${seed}`, LABEL_WIDTH + CELL * place + 4, 16);
    });
    rows.forEach(([title, canvases], row) => {
      context.fillText(title, 6, 24 + CELL * (row + 0.5), LABEL_WIDTH - 12);
      canvases.forEach((cell, place) => {
        context.drawImage(cell, LABEL_WIDTH + CELL * place, 24 + CELL * row, CELL - 2, CELL - 2);
      });
    });
    const link = element("a", { href: canvas.toDataURL("image/png"), download: "gandash.png" });
    link.click();
  }
}

function square({ shape }, label) {
  const [height, width] = shape.slice(1);
  return element("canvas", { width, height, role: "img", "aria-label": label });
}

// Pixels of a sample as something that can be drawn at any size.
function bitmapOf({ shape }, pixels) {
  const [height, width] = shape.slice(1);
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(new Uint8ClampedArray(pixels), width, height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function paint(canvas, picture) {
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
}

function sharesOf({ classes }, label) {
  if (!classes) return null;
  return Float32Array.from({ length: classes }, (_, place) => Number(place === label % classes));
}
