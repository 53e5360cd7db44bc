// The latent studio: one surface for all that can be done with latent vectors. Its parts share one
// state, and the state is in the link.
import { Arithmetic } from "./arithmetic.js";
import { withNumber } from "./dimensions.js";
import { button, choice, element } from "./elements.js";
import { exportFrames, pngOf } from "./exports.js";
import { atLength, combine, lengthOf, oneOf } from "./latents.js";
import { paramsOf, saidOf, stateOf } from "./link.js";
import { Nearest } from "./nearest.js";
import { Opinions } from "./opinions.js";
import { Own } from "./own.js";
import { LinkedPads, Pad } from "./pad.js";
import { Path } from "./path.js";
import { Picture } from "./picture.js";
import { commandOf, pythonOf } from "./snippets.js";
import { Tools } from "./tools.js";
import { Tray } from "./tray.js";
import { Variants } from "./variants.js";
import { withStyles } from "../runtime/program.js";
import { drawLatent } from "../runtime/random.js";

const VIEWS = {
  pad: "Pad", linked: "Linked pads", path: "Path", variants: "Variants", arithmetic: "A − B + C",
  own: "Own image",
};
const REST_MS = 250;
const CLOUD_POINTS = 300;
const HELP = "Arrow keys move the point (with Shift faster), 1 to 4 go to the corners, Space plays "
  + "or keeps the picture, R rerolls the tray, Escape lets go of what was chosen in it.";

// host: what surrounds the studio.
//   checkpoints   [{ name, title, latent, shape, classes }]
//   load(name)    Promise of { generator, note }; note says why its pictures come from the server
//   discriminator(name)  Promise of the file of its discriminator; left out where there are none
//   toward(name, tell)  Promise of the directions toward classes; left out where nobody finds them
//   project(name, pixels, label, hear, signal)  Promise of the latent of a picture; likewise
//   real(name)    Promise of the pixels with alpha of a real image; likewise
//   nearest(name, pixels)  Promise of what is near a picture; left out where nobody can tell
//   params()      Map of what the link asks for
//   write(params, isEntry)  puts the state into the link, as a new entry of the history or not
//   onReturn(listen)  calls back when the visitor goes back or forward; returns how to end that
export async function openStudio(root, host) {
  const { state, words } = await stateOf(host.params(), host.checkpoints);
  const studio = new Studio(root, host, state);
  await studio.open(words);
  return studio;
}

class Studio {
  constructor(root, host, state) {
    this.root = root;
    this.host = host;
    this.state = state;
    this.fail = (error) => this.say(error.message);
    this.held = null; // the tray's entry that waits for a place
    this.loaded = new Map(); // generators by name, as Promises
    this.opened = new Map(); // and those that have come
    this.clouds = new Map();
    this.rankings = new Map(); // of the numbers of z, by the checkpoint's name
    this.towards = new Map(); // directions toward classes, likewise
    this.samples = new WeakMap(); // of the tray's entries
    this.opinions = new Opinions(this);
    this.nearest = new Nearest(this);
    this.views = {
      pad: new Pad(this), linked: new LinkedPads(this), path: new Path(this),
      variants: new Variants(this), arithmetic: new Arithmetic(this), own: new Own(this),
    };
    this.tray = new Tray(this);
    this.tools = new Tools(this);
  }

  get view() {
    return this.views[this.state.view];
  }

  get generator() {
    return this.opened.get(this.state.checkpoint).generator;
  }

  facts(name) {
    return this.host.checkpoints.find((checkpoint) => checkpoint.name === name);
  }

  async open(words) {
    this.status = element("output", { className: "status" }, "Loading the generator …");
    this.notice = element("p", { className: "notice", role: "status", hidden: true });
    this.middle = element("section", { className: "middle" });
    this.frame = element("div", { className: "studio" }, this.head(), this.notice);
    this.frame.append(
      element(
        "div", { className: "body" }, this.tray.element, this.middle, this.tools.element,
      ),
    );
    this.frame.addEventListener("keydown", (event) => this.key(event));
    this.root.replaceChildren(this.frame);
    this.unlisten = this.host.onReturn(() => this.restore());
    this.say(saidOf(words));
    await this.load();
    this.acted = false;
  }

  // The visitor went back or forward.
  async restore() {
    clearTimeout(this.resting);
    const { state, words } = await stateOf(this.host.params(), this.host.checkpoints);
    this.state = state;
    this.held = null;
    this.say(saidOf(words));
    this.names.value = state.checkpoint;
    await this.load();
    this.acted = false;
  }

  head() {
    const names = element("select", { "aria-label": "Checkpoint", className: "names" });
    this.host.checkpoints.forEach(({ name, title }) =>
      names.append(element("option", { value: name }, title)),
    );
    names.value = this.state.checkpoint;
    names.addEventListener("change", () => this.choose(names.value));
    this.names = names;
    const { own, ...others } = VIEWS; // images are for a server
    const offered = "project" in this.host ? { ...others, own } : others;
    const views = choice("View", offered, this.state.view, (view) => this.turnTo(view));
    this.viewChoice = views;
    return element(
      "header", { className: "head" },
      names, views.row, this.status,
      ...(this.host.linked ? [] : [this.linkButton()]),
      button("?", () => this.say(HELP), { "aria-label": "Help" }),
    );
  }

  linkButton() {
    return button("Copy link", () => this.copy(location.href, "The link"));
  }

  // Another checkpoint: the tray's seeds stay, vectors of another size cannot.
  async choose(name) {
    this.names.value = name;
    this.state.checkpoint = name;
    this.state.linked = [];
    this.unmove();
    this.unstyle();
    await this.load();
  }

  // z as it is drawn: not along directions, with its own numbers, at its own length.
  unmove() {
    Object.assign(this.state, { shifts: [], toward: [], dims: [], length: 0 });
  }

  // Styles as the latent makes them.
  unstyle() {
    Object.assign(this.state, { sways: [], psi: 1, blend: -1 });
  }

  async link(names) {
    this.state.linked = names;
    await this.load();
  }

  // Loads what the state names, then builds everything anew.
  async load() {
    const { checkpoint, linked } = this.state;
    this.root.dataset.ready = "false";
    try {
      await Promise.all([checkpoint, ...linked].map((name) => this.fetch(name)));
      if (this.state.toward.length && this.towardPossible) await this.loadToward(() => {});
    } catch (error) {
      this.status.textContent = "";
      this.say(error.message);
      return;
    }
    if (checkpoint !== this.state.checkpoint) return; // a newer choice came in between
    this.fitState();
    this.samples = new WeakMap();
    this.tools.element.replaceChildren();
    this.rebuild();
    this.tools.build();
    this.root.dataset.ready = "true";
  }

  async fetch(name) {
    if (!this.loaded.has(name)) this.loaded.set(name, this.host.load(name));
    try {
      const opened = await this.loaded.get(name);
      if (opened.generator.points) await this.cloud(name, opened.generator);
      this.opened.set(name, opened);
      opened.generator.measured?.then(() => name === this.state.checkpoint && this.tell());
    } catch (error) {
      this.loaded.delete(name); // it may be tried again
      throw error;
    }
  }

  async cloud(name, generator) {
    if (this.clouds.has(name)) return;
    const seeds = Array.from({ length: CLOUD_POINTS }, (_, seed) => seed);
    const made = await Promise.all(
      seeds.map((seed) => generator.make(drawLatent(seed, generator.latent), oneOf(generator, 0))),
    );
    this.clouds.set(name, made.map(({ sample }) => sample));
  }

  // What the state holds must fit the checkpoint.
  fitState() {
    const { latent, classes } = this.generator;
    const { state } = this;
    const fits = ({ vector }) => !vector || vector.length === latent;
    if (!state.tray.every(fits)) {
      this.say(
        `Vectors of another length than ${latent} do not fit this checkpoint: seeds are in their `
          + "places.",
      );
      state.tray = state.tray.map((entry, seed) =>
        fits(entry) ? entry : { seed, name: "", pinned: false },
      );
    }
    if (state.center && !fits(state.center)) state.center = null;
    if (state.blend >= state.tray.length) state.blend = -1;
    state.from = Math.min(state.from, Math.max(1, (this.generator.styles ?? 0) - 1));
    state.dims = state.dims.filter(([place]) => place < latent);
    if (state.label >= classes) state.label = 0;
    if (state.other >= classes) state.other = -1;
    state.linked = state.linked.filter((name) => this.facts(name).latent === latent);
  }

  turnTo(view) {
    if (view === "variants" || view === "own") {
      const vector = this.point();
      this.state.center = { vector, name: "", pinned: false };
      this.unmove();
    }
    if (view === "own") this.unstyle(); // what is found is a latent
    this.view.leave?.();
    this.state.view = view;
    this.rebuild();
  }

  // Everything anew, after a change of what there is.
  rebuild() {
    this.view.leave?.();
    this.tray.build();
    this.nearest.clear();
    this.view.build();
    this.middle.replaceChildren(this.view.element);
    this.viewChoice.set(this.state.view);
    this.revealView();
    this.acted = true;
    this.change({});
  }

  // On a narrow screen the row of views is wider than it.
  revealView() {
    const { row } = this.viewChoice;
    const chosen = row.querySelector('[aria-pressed="true"]');
    row.scrollLeft = chosen ? chosen.offsetLeft - row.offsetLeft - row.clientWidth / 2 : 0;
  }

  reclass(changes) {
    Object.assign(this.state, changes);
    this.samples = new WeakMap();
    this.rebuild();
    this.tools.build();
  }

  // A choice: as a change, and an entry of the history of its own.
  act(changes) {
    this.acted = true;
    this.change(changes);
  }

  // What the hand does: the state changes and the pictures follow.
  change(changes) {
    Object.assign(this.state, changes);
    let z;
    try {
      z = this.point();
    } catch (error) {
      this.say(error.message);
      return;
    }
    this.view.targets.forEach((target) => this.draw(target, z));
    this.view.show();
    this.tools.show();
    this.nearest.moved();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), REST_MS);
  }

  async draw(target, z) {
    const { key, generator, picture, vector } = target;
    try {
      const latent = this.told(generator, vector ? vector(z) : z);
      const made = await generator.follow(key, latent, this.shares(generator));
      if (!made) return; // a newer one is under way
      picture.draw(made.sample);
      this.opinions.follow(target, z);
      this.tell();
    } catch (error) {
      this.say(error.message);
    }
  }

  async rest() {
    this.tools.rest();
    this.opinions.rest(this.view.targets, this.point());
    const { acted } = this;
    this.acted = false;
    this.host.write(await paramsOf(this.state), acted);
  }

  // The vector that is shown: the view's, moved along directions, with the numbers and at the
  // length asked for.
  point() {
    let z = this.view.base();
    const { shifts, toward, dims, length } = this.state;
    this.directions.forEach((direction, number) => {
      if (shifts[number]) z = combine([z, direction], [1, shifts[number]]);
    });
    this.toward?.forEach(({ direction }, number) => {
      if (toward[number]) z = combine([z, direction], [1, toward[number]]);
    });
    for (const [place, value] of dims) z = withNumber(z, place, value);
    return length > 0 ? atLength(z, length) : z;
  }

  length() {
    return lengthOf(this.point());
  }

  lengthText() {
    return `‖z‖ ${this.length().toFixed(1)}`;
  }

  // Unit vectors along which the pictures vary most; none where the server makes them.
  get directions() {
    return this.generator.directions ?? [];
  }

  // Whether somebody finds directions toward the classes of this checkpoint's data.
  get towardPossible() {
    return Boolean(this.host.toward && this.facts(this.state.checkpoint).toward);
  }

  // They, if they were found already.
  get toward() {
    return this.towards.get(this.state.checkpoint);
  }

  async loadToward(tell) {
    const { checkpoint } = this.state;
    if (!this.toward) this.towards.set(checkpoint, await this.host.toward(checkpoint, tell));
  }

  vector(index) {
    return this.vectorOf(this.state.tray[index]);
  }

  vectorOf(entry) {
    return entry.vector ?? drawLatent(entry.seed, this.generator.latent);
  }

  // Shares of the classes for a generator; null where it has none.
  shares(generator) {
    const { label, other, mix } = this.state;
    const shares = oneOf(generator, label);
    if (shares && other >= 0 && other < shares.length) {
      shares.fill(0);
      shares[label] += 1 - mix;
      shares[other] += mix;
    }
    return shares;
  }

  // Whether styles are others than those of the latent.
  get restyled() {
    const { psi, sways, blend } = this.state;
    return Boolean(this.generator.styles) && (psi < 1 || blend >= 0 || sways.some(Boolean));
  }

  // What a generator is given for a latent: with the styles that were asked for, if it is the one
  // that they are of.
  told(generator, z) {
    const plain = generator !== this.generator || z.length !== generator.latent;
    return plain || !this.restyled ? z : this.styled(z, {});
  }

  // A latent with the styles of the state, but for some changes.
  styled(z, changes) {
    const { psi, sways, blend, from } = { ...this.state, ...changes };
    const other = blend < 0 ? z : this.vector(blend);
    return withStyles(this.generator, z, other, { psi, from, moved: sways });
  }

  // A picture that a view shows under the hand.
  target(key, name) {
    const { title } = this.facts(name);
    const { generator } = this.opened.get(name);
    return { key, name, title, generator, picture: this.picture(name, title) };
  }

  picture(name, label) {
    const { generator } = this.opened.get(name);
    return new Picture(generator.shape, label, this.clouds.get(name) ?? null);
  }

  // The canvas of an entry of the tray, drawn as soon as nothing else is.
  thumbnail(index, label) {
    const picture = this.picture(this.state.checkpoint, label);
    const entry = this.state.tray[index];
    if (!this.samples.has(entry)) {
      const { generator } = this;
      this.samples.set(entry, generator.make(this.vectorOf(entry), this.shares(generator)));
    }
    this.samples.get(entry).then(({ sample }) => picture.draw(sample), this.fail);
    return picture.canvas;
  }

  // A picture that nobody waits for with the hand; a newer one of the same key takes its place.
  async background(key, z, picture) {
    const { generator } = this;
    const shares = this.shares(generator);
    const made = await generator.follow(key, this.told(generator, z), shares, { calm: true });
    if (made) picture.draw(made.sample);
  }

  // Gives what is held to its place.
  release() {
    const { held } = this;
    this.held = null;
    return held;
  }

  pictureTools() {
    return [
      button("Keep", () => this.keep(), { title: "Put this picture into the tray (Space)" }),
      button("More like this", () => this.turnTo("variants")),
      button("PNG", () => this.savePicture(), { title: "Save this picture" }),
      button("Python", () => this.copyPython(), { title: "Copy lines that make this picture" }),
    ];
  }

  keep() {
    this.tray.add({ ...this.shownEntry(), name: "", pinned: false });
  }

  // What is shown, as a seed where it is exactly that of one.
  shownEntry() {
    const z = this.point();
    const same = this.state.tray.find((entry) => {
      const vector = this.vectorOf(entry);
      return entry.seed !== undefined && vector.every((value, i) => value === z[i]);
    });
    return same ? { seed: same.seed } : { vector: z };
  }

  get label() {
    return this.generator.classes ? this.state.label : null;
  }

  copyPython() {
    const entry = this.shownEntry();
    const { checkpoint } = this.state;
    const python = pythonOf(checkpoint, entry, this.label);
    const command = entry.vector ? "" : `# ${commandOf(checkpoint, entry.seed, this.label)}\n`;
    if (this.restyled) return this.say("Styles that were moved or mixed have no command here.");
    const mixed = this.state.other >= 0 && this.state.mix > 0;
    if (mixed) return this.say("A mixture of classes has no command: choose one class.");
    return this.copy(command + python, "The lines");
  }

  async copy(text, what) {
    try {
      await navigator.clipboard.writeText(text);
      this.say(`${what} ${what.endsWith("s") ? "are" : "is"} in the clipboard.`);
    } catch {
      this.say(text); // no clipboard without https: the text itself, to be copied by hand
    }
  }

  async savePicture() {
    const { generator } = this;
    const latent = this.told(generator, this.point());
    const { sample } = await generator.make(latent, this.shares(generator));
    const [, height, width] = generator.shape;
    if (generator.points) return this.say(`The point is ${[...sample].join(", ")}.`);
    const png = await pngOf([sample], width, height);
    return this.download(png, `${this.state.checkpoint}.png`);
  }

  async exportPath(kind) {
    const { generator, state } = this;
    if (generator.points) return this.say("Points have no frames: choose a generator of images.");
    const [, height, width] = generator.shape;
    const path = this.views.path;
    const make = async (t) => {
      const latent = this.told(generator, path.at(t, state.path));
      const { sample } = await generator.make(latent, this.shares(generator));
      return sample;
    };
    const tell = (share) => this.say(`Making frames: ${Math.round(100 * share)} %`);
    const { seconds, closed } = state;
    let file;
    try {
      file = await exportFrames(kind, { width, height, seconds, closed, make, tell });
    } catch (error) {
      return this.say(error.message);
    }
    this.say("");
    const suffix = { gif: ".gif", mp4: ".mp4", strip: "-strip.png", zip: ".zip" }[kind];
    return this.download(file, `${state.checkpoint}-path${suffix}`);
  }

  download(blob, name) {
    const url = URL.createObjectURL(blob);
    const anchor = element("a", { href: url, download: name });
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  say(text) {
    this.notice.textContent = text;
    this.notice.hidden = !text;
  }

  // What makes the pictures and how long that takes.
  tell() {
    const { note, generator } = this.opened.get(this.state.checkpoint);
    if (note) {
      this.status.textContent = note;
      return;
    }
    const ms = generator.ms < 10 ? generator.ms.toFixed(1) : Math.round(generator.ms);
    this.status.textContent = `drawn by your machine: ${ms} ms an image, ${generator.title}`;
  }

  key(event) {
    const tag = event.target.tagName;
    const typing = tag === "INPUT" || tag === "SELECT" || event.ctrlKey || event.metaKey;
    const onButton = tag === "BUTTON" && (event.key === " " || event.key === "Enter");
    if (typing || onButton || event.defaultPrevented) return;
    if (event.key === "Escape" && this.held !== null) this.tray.hold(null);
    else if (this.view.key(event)) event.preventDefault();
    else if (event.key.toLowerCase() === "r") this.tray.reroll();
    else if (event.key === " ") this.keep();
    else return;
    event.preventDefault();
  }

  close() {
    clearTimeout(this.resting);
    this.unlisten();
    this.view.leave?.();
    this.opened.forEach(({ generator }) => generator.close());
  }
}
