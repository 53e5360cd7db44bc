// A file as pixels of the size that a generator makes; an Error says what is wrong with it.
import { element } from "./elements.js";

export const MOST_BYTES_OF_IMAGE = 20_000_000;
const MOST_PIXELS = 50_000_000;

// The middle square, made smaller by halves so that nothing is skipped, over black where it is
// transparent; gray where the generator is, with light and dark exchanged on request.
export async function readImage(file, side, gray, inverted) {
  if (file.size > MOST_BYTES_OF_IMAGE) {
    throw new Error(
      `An image has at most ${MOST_BYTES_OF_IMAGE / 1e6} MB, and ${file.name} has `
        + `${Math.ceil(file.size / 1e6)} MB: choose a smaller one.`,
    );
  }
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`${file.name} is no image that this browser can read: choose a PNG or a JPEG.`);
  }
  if (bitmap.width * bitmap.height > MOST_PIXELS) {
    throw new Error(`${file.name} has more than 50 million pixels: make it smaller first.`);
  }
  const pixels = squareOf(bitmap, side);
  bitmap.close();
  return recolored(pixels, gray, inverted);
}

function recolored(pixels, gray, inverted) {
  for (let i = 0; i < pixels.length; i += 4) {
    const light = 0.299 * pixels[i] + 0.587 * pixels[i + 1] + 0.114 * pixels[i + 2];
    for (let c = 0; c < 3; c += 1) {
      const value = gray ? light : pixels[i + c];
      pixels[i + c] = inverted ? 255 - value : value;
    }
  }
  return pixels;
}

const PAPER = 256; // pixels of a side that is drawn on
const PEN = 22;

// A canvas that is drawn on by pointer, in white on black; `changed` is told of the picture of so
// many pixels after each stroke.
export class OwnDrawing {
  constructor(canvas, side, changed) {
    this.paper = element("canvas", { width: PAPER, height: PAPER });
    this.context = this.paper.getContext("2d");
    Object.assign(this.context, {
      lineWidth: PEN, lineCap: "round", lineJoin: "round", strokeStyle: "#fff",
    });
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      const shares = [
        (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height,
      ];
      return shares.map((share) => share * PAPER);
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.from = at(event);
      this.line(this.from);
      changed(squareOf(this.paper, side));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.from) return;
      this.line(at(event));
      changed(squareOf(this.paper, side));
    });
    const lift = () => (this.from = null);
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
  }

  line(to) {
    this.context.beginPath();
    this.context.moveTo(...this.from);
    this.context.lineTo(...to);
    this.context.stroke();
    this.from = to;
  }
}

function squareOf(bitmap, side) {
  let source = bitmap;
  let width = Math.min(bitmap.width, bitmap.height);
  let [left, top] = [(bitmap.width - width) / 2, (bitmap.height - width) / 2];
  for (;;) {
    const next = width >= 2 * side ? Math.max(side, Math.ceil(width / 2)) : side;
    const canvas = element("canvas", { width: next, height: next });
    const context = canvas.getContext("2d");
    context.fillStyle = "#000";
    context.fillRect(0, 0, next, next);
    context.imageSmoothingQuality = "high";
    context.drawImage(source, left, top, width, width, 0, 0, next, next);
    if (next === side) return context.getImageData(0, 0, side, side).data;
    source = canvas;
    width = next;
    [left, top] = [0, 0];
  }
}
