// Frames that follow the pointer, a finger or the arrow keys. Everything is drawn here in the browser, the server hears
// nothing, and the address names the frame that is shown as soon as it rests.
const FRAMES_PER_SECOND = 12;
const REST_MS = 150;
const instances = new WeakMap();

export default function ({ data, parentElement }) {
  let scrubber = instances.get(parentElement);
  if (!scrubber) {
    scrubber = new Scrubber(parentElement.querySelector(".scrubber"));
    instances.set(parentElement, scrubber);
  }
  scrubber.show(data);
  return () => {
    scrubber.end();
    instances.delete(parentElement);
  };
}

class Scrubber {
  constructor(root) {
    this.root = root;
    this.tracks = root.querySelector(".tracks");
    this.range = root.querySelector("input");
    this.output = root.querySelector("output");
    this.playButton = root.querySelector(".play");
    this.position = 0;
    this.images = [];
    this.cursor = new Cursor((position) => {
      this.pause();
      this.moveTo(position);
    });
    this.restore = () => this.data && this.moveTo(this.named());
    window.addEventListener("popstate", this.restore);
    this.listen();
  }

  end() {
    this.pause();
    clearTimeout(this.resting);
    window.removeEventListener("popstate", this.restore);
    this.cursor.end();
  }

  listen() {
    this.range.addEventListener("input", () => this.moveTo(Number(this.range.value)));
    this.range.addEventListener("keydown", (event) => {
      if (event.key === " ") {
        event.preventDefault();
        this.toggle();
      }
    });
    this.playButton.addEventListener("click", () => this.toggle());
  }

  // Hovering or dragging over an element moves along the path. A finger that goes up or down scrolls the page, which the
  // browser tells by a cancelled pointer: nothing moves until it goes across or taps.
  follow(element) {
    const moveUnder = (event) => {
      if (!this.data) return;
      this.pause();
      const box = element.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      this.moveTo(Math.round(Math.min(1, Math.max(0, share)) * (this.data.labels.length - 1)));
    };
    element.addEventListener("pointermove", moveUnder);
    element.addEventListener("pointerdown", (event) => {
      this.held = this.position;
      element.setPointerCapture(event.pointerId);
      if (event.pointerType !== "touch") moveUnder(event);
    });
    element.addEventListener("pointercancel", () => this.moveTo(this.held));
    element.addEventListener("pointerup", moveUnder);
  }

  async show(data) {
    const signature = JSON.stringify([data.tracks, data.labels, data.cursor]);
    if (signature === this.signature) return;
    const first = this.signature === undefined;
    this.signature = signature;
    this.pause();
    if (first) this.build(data); // empty frames keep the place of those to come
    const images = await Promise.all(data.tracks.map((track) => Promise.all(track.images.map(load))));
    if (signature !== this.signature) return; // newer data came while the images were loading
    this.data = data;
    this.images = images;
    if (images.flat().some((image) => image === null)) return this.fail();
    this.position = Math.min(first ? data.start : this.position, data.labels.length - 1);
    this.build(data);
    this.draw();
    this.cursor.show(data.cursor, this.position);
    this.root.dataset.ready = "true";
  }

  fail() {
    this.tracks.replaceChildren();
    const note = document.createElement("div");
    note.className = "failed";
    note.textContent = "These images could not be loaded: reload the page.";
    this.tracks.append(note);
  }

  build({ tracks, labels, hint, label, frame_width, per_row }) {
    this.root.style.setProperty("--tracks", Math.min(tracks.length, per_row));
    this.root.style.setProperty("--frame", `${frame_width}px`);
    this.canvases = tracks.map((track) => {
      const figure = document.createElement("figure");
      const canvas = document.createElement("canvas");
      canvas.width = track.width;
      canvas.height = track.height;
      canvas.style.imageRendering = track.crisp ? "pixelated" : "auto";
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", track.label);
      this.follow(canvas);
      figure.append(canvas);
      if (tracks.length > 1) {
        const caption = document.createElement("figcaption");
        caption.textContent = caption.title = track.label;
        figure.append(caption);
      }
      return { canvas, figure };
    });
    this.tracks.replaceChildren(...this.canvases.map(({ figure }) => figure));
    this.range.max = labels.length - 1;
    this.range.setAttribute("aria-label", label);
    this.root.querySelector(".hint").textContent = hint;
  }

  moveTo(position) {
    if (position === this.position || !this.data) return;
    this.position = position;
    this.name();
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  draw() {
    this.canvases.forEach(({ canvas }, index) => {
      this.blit(canvas.getContext("2d"), index, this.position, 0);
      canvas.dataset.position = this.position;
    });
    if (this.data.cursor.charts.length) this.cursor.draw(this.position);
    const label = this.data.labels[this.position];
    this.range.value = this.position;
    this.range.setAttribute("aria-valuetext", label);
    this.output.textContent = label;
  }

  blit(context, index, position, x) {
    const track = this.data.tracks[index];
    const [image, left, top] = track.frames[position];
    const { width, height } = track;
    context.drawImage(this.images[index][image], left, top, width, height, x, 0, width, height);
  }

  toggle() {
    if (this.timer) {
      this.pause();
      this.name();
      return;
    }
    let direction = this.position === this.data.labels.length - 1 ? -1 : 1;
    this.timer = setInterval(() => {
      const last = this.data.labels.length - 1;
      if (this.position + direction > last || this.position + direction < 0) direction = -direction;
      this.moveTo(Math.min(last, Math.max(0, this.position + direction)));
    }, 1000 / Math.min(FRAMES_PER_SECOND, this.data.labels.length));
    this.setPlayButton("Pause", "\u275A\u275A");
  }

  pause() {
    clearInterval(this.timer);
    this.timer = 0;
    this.setPlayButton("Play", "\u25B6");
  }

  setPlayButton(label, sign) {
    this.playButton.textContent = sign;
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = `${label} (space)`;
  }

  // Put the frame into the address once it rests: browsers refuse more than a few changes a second.
  name() {
    clearTimeout(this.resting);
    if (this.timer) return;
    this.resting = setTimeout(() => {
      const { parameter, rest } = this.data;
      if (this.position !== this.named()) window.gandashEntries?.place(parameter, this.position === rest ? null : String(this.position));
    }, REST_MS);
  }

  // The frame that the address names, or the one that is shown where it names none.
  named() {
    const { parameter, rest, labels } = this.data;
    const text = new URL(window.location.href).searchParams.get(parameter);
    return /^\d+$/.test(text) && Number(text) < labels.length ? Number(text) : rest;
  }
}

async function load(url) {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  }
}
