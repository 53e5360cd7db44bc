// The path as files: an animation, a video, a strip, the frames one by one.
import { element } from "./elements.js";
import { writeGif } from "./gif.js";
import { writeVideo } from "./video.js";
import { writeZip } from "./zip.js";

const FRAMES_A_SECOND = 20;
const STRIP_FRAMES = 12;
const LEAST_SIDE = 256; // pixels of an exported picture: enlarged by a whole number
const VIDEO_SIDE = 512; // of a video, whose colors are coded at half that

// The file of `kind`: "gif", "mp4", "strip" or "zip". `make` makes the picture at t, `tell` is told
// of the progress, 0 to 1. The last frame of an open path is its end; a closed one does not repeat
// its start. An Error says what this browser cannot do.
export async function exportFrames(kind, { width, height, seconds, closed, make, tell }) {
  const count = kind === "strip" ? STRIP_FRAMES : Math.round(seconds * FRAMES_A_SECOND);
  const frames = [];
  for (let i = 0; i < count; i += 1) {
    frames.push(await make(i / (closed ? count : count - 1)));
    tell((i + 1) / count);
  }
  if (kind === "mp4") return videoOf(frames, width, height, tell);
  const scale = scaleTo(LEAST_SIDE, width, height);
  const size = [width * scale, height * scale];
  const large = frames.map((frame) => enlarge(frame, width, height, scale));
  if (kind === "gif") return new Blob([writeGif(large, ...size, 100 / FRAMES_A_SECOND)]);
  if (kind === "strip") return pngOf(large, ...size);
  const files = [];
  for (const [i, frame] of large.entries()) {
    const png = await pngOf([frame], ...size);
    const name = `frame-${String(i + 1).padStart(4, "0")}.png`;
    files.push([name, new Uint8Array(await png.arrayBuffer())]);
  }
  return new Blob([writeZip(files)], { type: "application/zip" });
}

async function videoOf(frames, width, height, tell) {
  const scale = scaleTo(VIDEO_SIDE, width, height);
  const frameOf = (place) => enlarge(frames[place], width, height, scale);
  const size = [width * scale, height * scale];
  const bytes = await writeVideo(frames.length, frameOf, ...size, FRAMES_A_SECOND, tell);
  return new Blob([bytes], { type: "video/mp4" });
}

function scaleTo(side, width, height) {
  return Math.max(1, Math.ceil(side / Math.max(width, height)));
}

// Pixels repeated `scale` times in both directions.
export function enlarge(pixels, width, height, scale) {
  const source = new Uint32Array(new Uint8Array(pixels).buffer);
  const result = new Uint32Array(width * height * scale ** 2);
  for (let y = 0; y < height * scale; y += 1) {
    const row = Math.floor(y / scale) * width;
    for (let x = 0; x < width * scale; x += 1) {
      result[y * width * scale + x] = source[row + Math.floor(x / scale)];
    }
  }
  return new Uint8Array(result.buffer);
}

// One PNG of pictures side by side.
export function pngOf(frames, width, height) {
  const canvas = element("canvas", { width: width * frames.length, height });
  const context = canvas.getContext("2d");
  frames.forEach((frame, i) => {
    context.putImageData(new ImageData(new Uint8ClampedArray(frame), width, height), i * width, 0);
  });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
