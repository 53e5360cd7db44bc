// An image of one's own: the server looks for the latent whose picture is most like it.
import { button, element } from "./elements.js";
import { lengthOf } from "./latents.js";
import { OwnDrawing, MOST_BYTES_OF_IMAGE, readImage } from "./own_image.js";

const FOUND = 25; // dB: the generator can make it
const NEARLY = 20;
const FRAME_MS = 60; // of the film

export class Own {
  constructor(studio) {
    this.studio = studio;
    this.element = element("div", { className: "own" });
    this.target = null; // pixels with alpha, of the generator's size
    this.film = []; // vectors, better and better
    this.file = element("input", { type: "file", accept: "image/*", hidden: true });
    this.file.addEventListener("change", () => this.take(this.file.files[0]));
    this.invert = element("input", { type: "checkbox" });
    this.invert.addEventListener("change", () => this.retake());
    this.element.addEventListener("dragover", (event) => {
      if (event.dataTransfer.types.includes("Files")) event.preventDefault();
    });
    this.element.addEventListener("drop", (event) => {
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      this.take(event.dataTransfer.files[0]);
    });
  }

  // What was found, or chosen before; else the tray's first.
  base() {
    const { center } = this.studio.state;
    return center ? this.studio.vectorOf(center) : this.studio.vector(0);
  }

  build() {
    const { studio } = this;
    this.targets = [studio.target("main", studio.state.checkpoint)];
    const refused = studio.generator.points
      ? "This generator makes points: choose one of images."
      : studio.host.project ? "" : "Images are not taken in here: run gandash yourself.";
    const side = studio.generator.shape.at(-1);
    this.shown = element("canvas", { width: side, height: side, className: "drawable" });
    if (!refused) this.drawing = new OwnDrawing(this.shown, side, (pixels) => this.use(pixels));
    this.shown.setAttribute("aria-label", "Your image");
    this.shown.setAttribute("role", "img");
    this.words = element("output", { className: "reading" }, this.saying ?? "");
    this.bar = element("progress", { max: 1, value: 0, hidden: true, "aria-label": "Search" });
    this.start = button("Find it", () => this.run(), { className: "primary", disabled: true });
    this.stopper = button("Stop", () => this.abort?.abort(), { hidden: true });
    this.replayer = button("Replay", () => this.replay(), { hidden: this.film.length < 2 });
    this.clearer = button("Clear", () => this.clear(), { hidden: !this.target });
    const choose = button("Choose an image", () => this.file.click(), { disabled: !!refused });
    const box = element("label", { className: "box" }, this.invert, "Invert");
    this.element.replaceChildren(
      element(
        "div", { className: "pair" },
        element(
          "figure", {}, this.shown, element("figcaption", {}, "Your image: choose or draw one"),
        ),
        element(
          "figure", {}, this.targets[0].picture.canvas,
          element("figcaption", {}, "What the generator makes"),
        ),
      ),
      element(
        "div", { className: "row under" },
        choose, ...this.realOnes(), this.clearer, box, this.start, this.stopper,
      ),
      element("div", { className: "row under" }, this.bar, this.words),
      element("div", { className: "row under" }, this.replayer, ...studio.pictureTools()),
      element(
        "p", { className: "quiet" },
        refused || `At most ${MOST_BYTES_OF_IMAGE / 1e6} MB; it can be dropped here. It is cut to `
          + `a square of ${side} pixels by your browser, sent to the server, and not kept there.`,
      ),
      this.file,
    );
    if (this.target) this.preview();
  }

  // A button for a real image, where the server has some that may be shown.
  realOnes() {
    const { host } = this.studio;
    if (!host.real || this.studio.generator.points) return [];
    const title = "An image that the generator did not see where there is such";
    return [button("A real one", () => this.takeReal(), { title })];
  }

  async takeReal() {
    try {
      const pixels = await this.studio.host.real(this.studio.state.checkpoint);
      this.studio.say("");
      this.use(pixels);
    } catch (error) {
      this.studio.say(error.message);
    }
  }

  // Pixels that are as they should be.
  use(pixels) {
    this.chosen = null;
    this.target = pixels;
    [this.channels] = this.studio.generator.shape;
    this.preview();
  }

  clear() {
    this.chosen = null;
    this.target = null;
    this.film = [];
    this.saying = "";
    this.studio.rebuild();
  }

  async take(file) {
    this.file.value = "";
    if (!file || !this.studio.host.project) return;
    this.chosen = file;
    await this.retake();
  }

  async retake() {
    if (!this.chosen) return;
    const [channels, side] = this.studio.generator.shape;
    try {
      this.target = await readImage(this.chosen, side, channels === 1, this.invert.checked);
      this.channels = channels;
      this.studio.say("");
      this.preview();
    } catch (error) {
      this.studio.say(error.message);
    }
  }

  preview() {
    const [channels, side] = this.studio.generator.shape;
    if (this.target.length !== 4 * side ** 2 || this.channels !== channels) {
      this.target = null; // of a checkpoint of others: a file is read anew
      this.retake();
      return;
    }
    this.shown.getContext("2d").putImageData(new ImageData(this.target, side, side), 0, 0);
    this.start.disabled = false;
    this.clearer.hidden = false;
  }

  async run() {
    const { studio } = this;
    const { label } = studio;
    const { checkpoint } = studio.state;
    this.abort = new AbortController();
    this.film = [];
    this.working(true);
    const hear = ({ z, decibels, step, steps }) => {
      this.bar.value = step / steps;
      if (z) this.showVector(z, `${decibels.toFixed(1)} dB`);
    };
    try {
      const { signal } = this.abort;
      const found = await studio.host.project(checkpoint, this.target, label, hear, signal);
      if (studio.state.checkpoint === checkpoint) this.finish(found);
    } catch (error) {
      const stopped = error.name === "AbortError";
      this.tell(stopped ? "Stopped. What was found so far can be kept." : error.message);
    }
    this.working(false);
  }

  working(now) {
    this.start.disabled = now;
    this.stopper.hidden = !now;
    this.bar.hidden = !now;
    this.replayer.hidden = now || this.film.length < 2;
  }

  showVector(numbers, text) {
    const vector = Float32Array.from(numbers);
    const last = this.film.at(-1);
    if (!last || last.some((value, i) => value !== vector[i])) this.film.push(vector);
    this.studio.unmove();
    this.studio.change({ center: { vector, name: "", pinned: false } });
    this.tell(text);
  }

  finish({ z, decibels, at_start: atStart, note }) {
    const { studio } = this;
    this.showVector(z, "");
    studio.tray.add({ vector: Float32Array.from(z), name: "own image", pinned: true });
    this.tell(`${saidOfProjection(decibels, atStart, lengthOf(z), z.length)} ${note}`.trim());
  }

  tell(text) {
    this.saying = text;
    this.words.textContent = text;
  }

  // The film of the search.
  replay() {
    const frames = this.film.slice();
    const step = () => {
      if (!frames.length || !this.element.isConnected) return;
      this.studio.change({ center: { vector: frames.shift(), name: "", pinned: false } });
      setTimeout(step, FRAME_MS);
    };
    step();
  }

  leave() {
    this.abort?.abort();
  }

  key() {
    return false;
  }

  show() {}
}

// How near the generator came, in words that do not promise too much.
export function saidOfProjection(decibels, atStart, length, count) {
  const gained = `${decibels.toFixed(1)} dB, from ${atStart.toFixed(1)} dB of the nearest of 256`;
  const usual = Math.sqrt(Math.max(count - 0.5, 0.25));
  const far = length > usual + 2.2
    ? ` Its z is longer (${length.toFixed(1)}) than usual (${usual.toFixed(1)} ± 0.7).`
    : "";
  if (decibels >= FOUND) return `Found: ${gained}. It is in the tray.${far}`;
  if (decibels >= NEARLY) return `Nearly: ${gained}. It is in the tray.${far}`;
  return `Far from what this generator can make: ${gained}. The nearest is in the tray.${far}`;
}
