// An image to draw on: a canvas whose pixels are those that a network sees.
import { element } from "../studio/elements.js";

const MOST_UNDONE = 40;
export const [DARK_COLOR, LIGHT_COLOR] = ["#000000", "#ffffff"];

export class Drawing {
  // side: of the image in pixels. `changed` is told of every stroke as it grows; `rested` of its
  // end, and whether that was an action of its own or one more key of the same line.
  constructor(side, changed, rested) {
    this.side = side;
    this.changed = changed;
    this.rested = (isAction) => rested(isAction);
    this.paper = LIGHT_COLOR;
    this.pen = { color: DARK_COLOR, width: 1 };
    this.before = []; // images to go back to
    this.cursor = { x: side >> 1, y: side >> 1 };
    this.canvas = element("canvas", {
      width: side,
      height: side,
      tabIndex: 0,
      role: "application",
      "aria-label":
        "Source image: draw with the mouse or a finger; arrow keys move the pen and " +
        "the space bar draws",
      onpointerdown: (event) => this.begin(event),
      onpointermove: (event) => this.go(event),
      onpointerup: () => this.end(),
      onpointercancel: () => this.end(),
      onkeydown: (event) => this.press(event),
    });
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.fill();
  }

  fill() {
    this.context.fillStyle = this.paper;
    this.context.fillRect(0, 0, this.side, this.side);
  }

  clear() {
    this.remember();
    this.fill();
    this.told();
  }

  undo() {
    const image = this.before.pop();
    if (!image) return;
    this.context.putImageData(image, 0, 0);
    this.told();
  }

  told(isAction = true) {
    this.changed();
    this.rested(isAction);
  }

  remember() {
    this.before.push(this.context.getImageData(0, 0, this.side, this.side));
    if (this.before.length > MOST_UNDONE) this.before.shift();
  }

  begin(event) {
    if (event.button) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.remember();
    this.at = null;
    this.drawing = true;
    this.go(event);
  }

  go(event) {
    if (!this.drawing) return;
    const { left, top, width } = this.canvas.getBoundingClientRect();
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const each of passed.length ? passed : [event]) {
      const x = Math.floor(((each.clientX - left) / width) * this.side);
      const y = Math.floor(((each.clientY - top) / width) * this.side);
      this.line(this.at ?? { x, y }, { x, y });
      this.at = { x, y };
    }
    this.changed();
  }

  end() {
    if (!this.drawing) return;
    this.drawing = false;
    this.rested(true);
  }

  press(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    if (!step && event.key !== " ") return;
    event.preventDefault();
    const from = { ...this.cursor };
    if (step) {
      const within = (value) => Math.min(Math.max(value, 0), this.side - 1);
      this.cursor = { x: within(from.x + step[0]), y: within(from.y + step[1]) };
    }
    if (event.key === " ") this.down = !this.down;
    if (this.down) {
      if (event.key === " ") this.remember();
      this.line(from, this.cursor);
      this.told(event.key === " ");
    }
  }

  // A line of whole pixels (Bresenham's), as wide as the pen.
  line(from, to) {
    const { width, color } = this.pen;
    this.context.fillStyle = color;
    const dx = Math.abs(to.x - from.x);
    const dy = -Math.abs(to.y - from.y);
    const sx = Math.sign(to.x - from.x);
    const sy = Math.sign(to.y - from.y);
    let { x, y } = from;
    let error = dx + dy;
    for (;;) {
      this.context.fillRect(x - (width >> 1), y - (width >> 1), width, width);
      if (x === to.x && y === to.y) break;
      const twice = 2 * error;
      if (twice >= dy) {
        error += dy;
        x += sx;
      }
      if (twice <= dx) {
        error += dx;
        y += sy;
      }
    }
  }

  // Shows an image: values (channels, places) of 0 to 255.
  show(values) {
    const places = this.side ** 2;
    const channels = values.length / places;
    const image = this.context.createImageData(this.side, this.side);
    for (let i = 0; i < places; i += 1) {
      for (let c = 0; c < 3; c += 1) {
        image.data[4 * i + c] = values[(c < channels ? c : 0) * places + i];
      }
      image.data[4 * i + 3] = 255;
    }
    this.remember();
    this.context.putImageData(image, 0, 0);
    this.changed();
  }

  // Shows a picture of any size, whole, on the paper.
  async open(file) {
    const bitmap = await createImageBitmap(file);
    const scale = this.side / Math.max(bitmap.width, bitmap.height);
    const [width, height] = [bitmap.width * scale, bitmap.height * scale];
    this.remember();
    this.fill();
    this.context.imageSmoothingQuality = "high";
    this.context.drawImage(
      bitmap,
      (this.side - width) / 2,
      (this.side - height) / 2,
      width,
      height,
    );
    bitmap.close();
    this.changed();
  }

  // What a network sees: values (places, channels) in [-1, 1].
  values(channels) {
    const { data } = this.context.getImageData(0, 0, this.side, this.side);
    const result = new Float32Array(this.side ** 2 * channels);
    for (let i = 0; i < this.side ** 2; i += 1) {
      const [red, green, blue] = data.subarray(4 * i, 4 * i + 3);
      const gray = 0.299 * red + 0.587 * green + 0.114 * blue; // ITU-R BT.601
      const seen = channels === 1 ? [gray] : [red, green, blue];
      seen.forEach((level, c) => (result[i * channels + c] = level / 127.5 - 1));
    }
    return result;
  }

  // The gray levels of the image, whole numbers of 0 to 255.
  get levels() {
    return Uint8Array.from(this.values(1), (value) => Math.round((value + 1) * 127.5));
  }

  // Dark pixels as bits, in letters that an address can hold.
  get code() {
    const { data } = this.context.getImageData(0, 0, this.side, this.side);
    const bytes = new Uint8Array(this.side ** 2 / 8);
    for (let i = 0; i < this.side ** 2; i += 1) {
      if (data[4 * i] < 128) bytes[i >> 3] |= 1 << (i & 7);
    }
    const letters = btoa(String.fromCharCode(...bytes));
    return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  // Shows what a code says; false if it is none.
  read(code) {
    let bytes;
    try {
      bytes = atob(code.replaceAll("-", "+").replaceAll("_", "/"));
    } catch {
      return false;
    }
    if (bytes.length !== this.side ** 2 / 8) return false;
    const dark = (i) => (bytes.charCodeAt(i >> 3) >> (i & 7)) & 1;
    this.show(Uint8Array.from({ length: this.side ** 2 }, (_, i) => (dark(i) ? 0 : 255)));
    return true;
  }
}
