// Pictures as a video, by the browser's own encoder (WebCodecs), in a file that is written here.
import { writeMp4 } from "./mp4.js";

const QUANTIZER = 18; // of 51: no difference is seen, where the encoder takes one
const BITS_A_PIXEL = 0.25; // where it takes none
const KEY_EVERY = 40; // pictures
const MOST_WAITING = 8;
const CODECS = ["avc1.640028", "avc1.42001f", "vp09.00.31.08"]; // the first is shown everywhere
const VPCC = [1, 0, 0, 0, 0, 31, 0x80, 1, 1, 1, 0, 0]; // profile 0, level 3.1, 8 bits, 4:2:0

// frames: a function from the number of a picture to its pixels with alpha; `tell` is told of the
// progress, 0 to 1. A Promise of a Uint8Array; an Error where the browser cannot.
export async function writeVideo(count, frameOf, width, height, rate, tell) {
  const config = await configFor(width, height, rate);
  const pictures = [];
  let entry = null;
  let problem = null;
  const encoder = new VideoEncoder({
    output: (chunk, metadata) => {
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      pictures.push({ data, key: chunk.type === "key", at: chunk.timestamp });
      if (metadata?.decoderConfig) entry = codedAs(config.codec, metadata.decoderConfig);
    },
    error: (error) => (problem = error),
  });
  encoder.configure(config);
  const duration = Math.round(1000 / rate);
  for (let i = 0; i < count && !problem; i += 1) {
    const frame = new VideoFrame(frameOf(i), {
      format: "RGBA", codedWidth: width, codedHeight: height, timestamp: 1000 * duration * i,
      duration: 1000 * duration,
    });
    encoder.encode(frame, { keyFrame: i % KEY_EVERY === 0, ...quantizerFor(config) });
    frame.close();
    while (encoder.encodeQueueSize > MOST_WAITING && !problem) await pause();
    tell((i + 1) / count);
  }
  if (!problem) await encoder.flush();
  if (problem) throw new Error(`The browser's encoder failed (${problem.message}): save a GIF.`);
  encoder.close();
  if (pictures.some(({ at }, place) => at !== 1000 * duration * place)) {
    throw new Error("The browser's encoder changed the order of the pictures: save a GIF.");
  }
  return writeMp4(pictures, width, height, duration, entry);
}

// What the browser's encoder takes, constant quality first.
async function configFor(width, height, rate) {
  if (typeof VideoEncoder === "undefined") {
    throw new Error("Videos need a browser with WebCodecs, and https or localhost: save a GIF.");
  }
  const bitrate = Math.round(BITS_A_PIXEL * width * height * rate);
  const usual = { width, height, framerate: rate, latencyMode: "quality", avc: { format: "avc" } };
  for (const codec of CODECS) {
    for (const wanted of [{ bitrateMode: "quantizer" }, { bitrateMode: "variable", bitrate }]) {
      const config = { codec, ...usual, ...wanted };
      const { supported } = await VideoEncoder.isConfigSupported(config).catch(() => ({}));
      if (supported) return config;
    }
  }
  throw new Error("This browser encodes neither H.264 nor VP9: save a GIF.");
}

function quantizerFor({ codec, bitrateMode }) {
  if (bitrateMode !== "quantizer") return {};
  return codec.startsWith("avc1")
    ? { avc: { quantizer: QUANTIZER } }
    : { vp9: { quantizer: QUANTIZER } };
}

function codedAs(codec, { description, colorSpace }) {
  const kind = codec.slice(0, 4);
  const bytes = description && new Uint8Array(description.buffer ?? description);
  return { kind, config: bytes ?? Uint8Array.from(VPCC), color: colorSpace ?? null };
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
