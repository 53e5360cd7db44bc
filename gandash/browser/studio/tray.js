// The tray: latents by seed (or kept from the pad), which all parts of the studio share.
import { button, element } from "./elements.js";
import { LARGEST_SEED, MOST_ENTRIES } from "./link.js";
import { DRAGGED } from "./slots.js";

const FORMAT = "gandash latents";
const NEW_SEEDS = 10_000; // small enough to read out loud
const MOST_BYTES = 1_000_000;

export class Tray {
  constructor(studio) {
    this.studio = studio;
    this.list = element("div", { className: "tiles", role: "group", "aria-label": "Tray" });
    this.tools = element("div", { className: "tile-tools" });
    this.count = element("span", { className: "quiet" });
    this.file = element("input", { type: "file", accept: ".json", hidden: true });
    this.file.addEventListener("change", () => this.load(this.file.files[0]));
    const actions = element(
      "div",
      { className: "row" },
      button("New", () => this.add(), { title: "Add a new seed" }),
      button("Reroll", () => this.reroll(), { title: "New seeds for all that are not pinned (R)" }),
      button("Save", () => this.save(), { title: "Save the tray as a file" }),
      button("Load", () => this.file.click(), { title: "Load a tray from a file" }),
    );
    const title = element("h2", {}, "Tray ", this.count);
    this.element = element("section", { className: "tray" }, title, this.list, this.tools, actions);
  }

  get entries() {
    return this.studio.state.tray;
  }

  build() {
    this.count.textContent = String(this.entries.length);
    this.list.replaceChildren(...this.entries.map((entry, index) => this.tile(entry, index)));
    this.buildTools();
  }

  tile(entry, index) {
    const label = nameOf(entry, index);
    const held = this.studio.held === index;
    const tile = element(
      "button",
      {
        type: "button", className: "tile", title: label, draggable: true, "aria-label": label,
        "aria-pressed": String(held), "data-index": index,
      },
      this.studio.thumbnail(index, ""),
      element("span", { className: "caption" }, `${entry.pinned ? "• " : ""}${label}`),
    );
    tile.addEventListener("click", () => this.hold(held ? null : index));
    tile.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData(DRAGGED, String(index));
      event.dataTransfer.effectAllowed = "copy";
    });
    tile.addEventListener("keydown", (event) => this.key(event, index));
    return tile;
  }

  // Arrow keys go from tile to tile, with alt they move the tile; Delete removes it.
  key(event, index) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Delete") this.remove(index);
    else if (step && event.altKey) this.move(index, step);
    else if (step) this.list.children[index + step]?.focus();
    else return;
    event.preventDefault();
  }

  hold(index) {
    this.studio.held = index;
    this.build();
    if (index !== null) this.list.children[index].focus();
  }

  // What can be done to the entry that is held.
  buildTools() {
    const index = this.studio.held;
    this.tools.hidden = index === null;
    if (index === null) return;
    const entry = this.entries[index];
    const name = element("input", {
      type: "text", value: entry.name, maxLength: 60, placeholder: "Name", "aria-label": "Name",
    });
    name.addEventListener("change", () => {
      entry.name = name.value.trim();
      this.studio.rebuild();
    });
    this.tools.replaceChildren(
      element("p", { className: "quiet" }, "Choose where it goes, or drag it there."),
      name,
      element(
        "div",
        { className: "row" },
        button(entry.pinned ? "Unpin" : "Pin", () => this.pin(index)),
        button("←", () => this.move(index, -1), { "aria-label": "Move back" }),
        button("→", () => this.move(index, 1), { "aria-label": "Move on" }),
        button("Remove", () => this.remove(index)),
      ),
    );
  }

  pin(index) {
    this.entries[index].pinned = !this.entries[index].pinned;
    this.studio.rebuild();
  }

  add(entry = { seed: randomSeed(), name: "", pinned: false }) {
    if (this.entries.length >= MOST_ENTRIES) {
      return this.studio.say(`A tray has at most ${MOST_ENTRIES} entries: remove one first.`);
    }
    this.entries.push(entry);
    return this.studio.rebuild();
  }

  reroll() {
    this.studio.state.tray = this.entries.map((entry) =>
      entry.pinned ? entry : { seed: randomSeed(), name: "", pinned: false },
    );
    this.studio.rebuild();
  }

  move(index, step) {
    const to = index + step;
    if (to < 0 || to >= this.entries.length) return;
    const order = this.entries.map((_, place) => place);
    [order[index], order[to]] = [order[to], order[index]];
    this.reorder(order);
    this.hold(to);
  }

  remove(index) {
    if (this.entries.length === 1) {
      this.studio.say("A tray has at least one entry: add another one first.");
      return;
    }
    this.studio.held = null;
    this.reorder(this.entries.map((_, place) => place).filter((place) => place !== index));
  }

  // Puts entries into a new order and lets all parts point to where theirs are now.
  reorder(order) {
    const { state } = this.studio;
    const now = (place) => Math.max(0, order.indexOf(place));
    state.tray = order.map((place) => this.entries[place]);
    state.corners = state.corners.map(now);
    state.keys = state.keys.map(now);
    state.groups = state.groups.map((group) => group.map(now));
    this.studio.rebuild();
  }

  save() {
    const latents = this.entries.map(({ seed, vector, name, pinned }) =>
      vector ? { vector: [...vector], name, pinned } : { seed, name, pinned },
    );
    const { latent } = this.studio.generator;
    const text = JSON.stringify({ format: FORMAT, version: 1, latent_dim: latent, latents });
    this.studio.download(new Blob([text], { type: "application/json" }), "latents.json");
  }

  async load(file) {
    this.file.value = "";
    if (!file) return;
    try {
      if (file.size > MOST_BYTES) throw new Error("A file of latents has at most 1 MB.");
      const { latent } = this.studio.generator;
      this.studio.state.tray = readLatents(await file.text(), latent);
      this.studio.held = null;
      this.reorder(this.entries.map((_, place) => place));
    } catch (error) {
      this.studio.say(`${file.name} was not loaded. ${error.message}`);
    }
  }
}

export function nameOf({ seed, name }, index) {
  if (name) return name;
  return seed === undefined ? `kept ${index + 1}` : `seed ${seed}`;
}

function randomSeed() {
  return Math.floor(Math.random() * NEW_SEEDS);
}

// The tray's entries in a file; an Error says what is wrong with it.
export function readLatents(text, latent) {
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error("It is no JSON: choose a file that was saved from a tray.");
  }
  if (content?.format !== FORMAT || !Array.isArray(content.latents) || !content.latents.length) {
    throw new Error("It holds no latents: choose a file that was saved from a tray.");
  }
  if (content.latents.length > MOST_ENTRIES) {
    throw new Error(`A tray has at most ${MOST_ENTRIES} entries, and it holds more.`);
  }
  return content.latents.map((entry, index) => readLatent(entry, index + 1, latent));
}

function readLatent({ seed, vector, name = "", pinned = false }, number, latent) {
  const common = { name: String(name).slice(0, 60), pinned: pinned === true };
  if (Number.isInteger(seed) && seed >= 0 && seed <= LARGEST_SEED) return { ...common, seed };
  const numbers = Array.isArray(vector) ? vector : [];
  if (!numbers.length || !numbers.every((value) => Math.abs(value) <= 1000)) {
    throw new Error(`Latent ${number} is neither a seed nor a list of numbers.`);
  }
  if (numbers.length !== latent) {
    throw new Error(
      `Latent ${number} has ${numbers.length} entries, and this checkpoint takes ${latent}.`,
    );
  }
  return { ...common, vector: Float32Array.from(numbers) };
}
