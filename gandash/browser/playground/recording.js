// A recording of a run on points: what the playground's core wrote (gandash/playground/recording.py
// says what is in it), frame by frame.
import { halvesToFloats, readSafetensors } from "../runtime/safetensors.js";

const FAR = 0.9; // of all pulls are shorter than what is drawn as one length

// Fetch a gzipped recording, or its first `frames`; an Error says what is wrong with it.
export async function fetchRecording(url, frames) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error("This recording is no longer kept: reload the page.");
  const plain = answer.body.pipeThrough(new DecompressionStream("gzip"));
  return new Recording(await new Response(plain).arrayBuffer(), frames ?? Infinity);
}

class Recording {
  constructor(buffer, frames) {
    const { tensors, metadata } = readSafetensors(buffer);
    this.facts = JSON.parse(metadata.recording);
    this.tensors = Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, data }]) => [
        name,
        { shape, data: data instanceof Uint16Array ? halvesToFloats(data) : data },
      ]),
    );
    this.frames = Math.min(this.facts.frames, frames);
    this.unit = usualLength(this.tensors.pulls, this.facts.dim);
  }

  // A tensor's part of a frame, flat; null where the run has no such tensor.
  at(name, frame) {
    const tensor = this.tensors[name];
    if (!tensor) return null;
    const size = tensor.data.length / this.facts.frames;
    return tensor.data.subarray(frame * size, (frame + 1) * size);
  }

  whole(name) {
    return this.tensors[name].data;
  }

  // One measured number over all frames.
  curve(name) {
    const { curves } = this.facts;
    const column = curves.indexOf(name);
    const table = this.whole("curves");
    const rows = { length: this.frames };
    return Float32Array.from(rows, (_, row) => table[row * curves.length + column]);
  }
}

function usualLength({ data }, dim) {
  const lengths = [];
  for (let place = 0; place < data.length; place += dim) {
    lengths.push(Math.hypot(...data.subarray(place, place + dim)));
  }
  lengths.sort((a, b) => a - b);
  return lengths[Math.floor(lengths.length * FAR)] || 1;
}
