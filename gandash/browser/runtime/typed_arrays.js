// The engine that runs everywhere: plain typed arrays.
//
// Maps are (row, column, channel), so that what a place of the output is made of lies in a few long
// rows. Rectifiers leave about half of all values at zero; those are skipped, and the others are
// multiplied four at a time, which loads and stores each sum a quarter as often.
import { affineOf, controlsOf, firstTap, inputOf, placeWithin } from "./program.js";
import { halvesToFloats } from "./safetensors.js";

const FEW = 4; // outputs, of which each is summed up in a variable of its own
const EPSILON = 1e-5; // of norms that measure, as gandash.browser.program knows it
const TINY = 1e-8; // of vectors that are brought to unit length, likewise
const BLACK = -1;

export class TypedArrays {
  static title = "plain JavaScript";

  constructor(program) {
    this.program = program;
    this.weights = program.layers.map(({ weight }) => weight && halvesToFloats(weight));
    const patch = Math.max(...program.layers.map(({ inputs, taps }) => inputs * taps ** 2));
    this.found = new Float32Array(patch + 4); // values that are not zero, and the rows of weights
    this.rows = new Int32Array(patch + 4); // that they are multiplied with
    this.values = [null, ...program.layers.map((layer) => new Float32Array(valueCount(layer)))];
  }

  // The sample of z (latent) and the classes' shares: values (places, channels).
  make(z, shares) {
    this.controls = controlsOf(this.program, z);
    return this.run(inputOf(this.program, z, shares), shares);
  }

  // What the layers make of an input (places, channels) and the classes' shares.
  run(input, shares) {
    this.values[0] = input;
    this.program.layers.forEach((layer, index) => {
      const affine = affineOf(layer, layer.styled ? this.controls : shares);
      if (layer.weight) this.linear(layer, index, affine);
      else if (layer.kind === "pad") this.pad(layer, index);
      else if (layer.kind === "enlarge") this.enlarge(layer, index);
      else if (layer.kind === "unit") this.unit(layer, index);
      else if (layer.kind === "times") this.times(layer, index, affine);
      else if (layer.phases > 1) this.repeat(layer, index, affine);
      else this.norm(layer, index, affine);
      if (layer.add) this.add(layer, index);
      activate(this.values[index + 1], layer);
    });
    return this.values.at(-1).slice();
  }

  norm({ kind, source, outputs }, index, affine) {
    const from = this.values[source];
    const to = this.values[index + 1];
    for (let channel = 0; channel < outputs; channel += 1) {
      let scale = affine[channel];
      let shift = affine[outputs + channel];
      if (kind !== "norm" && (kind === "instance-norm" || channel === 0)) {
        this.measured = meanAndDeviation(from, kind === "instance-norm" ? channel : -1, outputs);
      }
      if (kind !== "norm") {
        scale /= this.measured.deviation;
        shift -= scale * this.measured.mean;
      }
      for (let i = channel; i < to.length; i += outputs) to[i] = from[i] * scale + shift;
    }
  }

  // Every place so often, each with scales and shifts of its own.
  repeat({ source, size, phases, outputs }, index, affine) {
    const from = this.values[source];
    const to = this.values[index + 1];
    const side = size * phases;
    const toShifts = phases ** 2 * outputs;
    for (let place = 0; place < side ** 2; place += 1) {
      const [y, x] = [Math.floor(place / side), place % side];
      const seen = (Math.floor(y / phases) * size + Math.floor(x / phases)) * outputs;
      const scales = ((y % phases) * phases + (x % phases)) * outputs;
      for (let o = 0; o < outputs; o += 1) {
        const shift = affine[toShifts + scales + o];
        to[place * outputs + o] = from[seen + o] * affine[scales + o] + shift;
      }
    }
  }

  // Maps of twice the side by bilinear interpolation: a place is three quarters of the nearest one
  // along each axis and a quarter of the next.
  enlarge({ source, size, outputs }, index) {
    const from = this.values[source];
    const to = this.values[index + 1];
    const next = (at) => Math.min(size - 1, Math.max(0, (at >> 1) + (at % 2 ? 1 : -1)));
    for (let y = 0; y < 2 * size; y += 1) {
      const rows = [(y >> 1) * size, next(y) * size];
      for (let x = 0; x < 2 * size; x += 1) {
        const place = (y * 2 * size + x) * outputs;
        const [near, beside] = rows.map((row) => (row + (x >> 1)) * outputs);
        const [across, apart] = rows.map((row) => (row + next(x)) * outputs);
        for (let o = 0; o < outputs; o += 1) {
          const other = 3 * (from[beside + o] + from[across + o]) + from[apart + o];
          to[place + o] = (9 * from[near + o] + other) / 16;
        }
      }
    }
  }

  // Each block of a vector divided by the root of its mean square.
  unit({ source, blocks, inputs }, index) {
    const share = inputs / blocks;
    for (let block = 0; block < blocks; block += 1) {
      const from = this.values[source].subarray(block * share, (block + 1) * share);
      const squares = from.reduce((sum, value) => sum + value * value, 0);
      const scale = 1 / Math.sqrt(squares / share + TINY);
      from.forEach((value, i) => (this.values[index + 1][block * share + i] = value * scale));
    }
  }

  // Maps, each channel times a number of a vector.
  times({ source, factor, outputs }, index, affine) {
    const from = this.values[source];
    const to = this.values[index + 1];
    for (let channel = 0; channel < outputs; channel += 1) {
      const scale = affine[channel] * this.values[factor][channel];
      const shift = affine[outputs + channel];
      for (let i = channel; i < to.length; i += outputs) to[i] = from[i] * scale + shift;
    }
  }

  // Adds another value, enlarged by repeating.
  add({ add, outputs }, index) {
    const added = this.values[add];
    const to = this.values[index + 1];
    const side = Math.sqrt(to.length / outputs);
    const addedSide = Math.sqrt(added.length / outputs);
    const scale = side / addedSide;
    for (let y = 0; y < side; y += 1) {
      for (let x = 0; x < side; x += 1) {
        const place = (y * side + x) * outputs;
        const seen = (Math.floor(y / scale) * addedSide + Math.floor(x / scale)) * outputs;
        for (let o = 0; o < outputs; o += 1) to[place + o] += added[seen + o];
      }
    }
  }

  pad({ source, size, margin, outputs }, index) {
    const from = this.values[source];
    const to = this.values[index + 1].fill(BLACK);
    const side = size + 2 * margin;
    const cut = Math.max(-margin, 0);
    for (let y = cut; y < size - cut; y += 1) {
      const row = from.subarray((y * size + cut) * outputs, ((y + 1) * size - cut) * outputs);
      to.set(row, ((y + margin) * side + margin + cut) * outputs);
    }
  }

  linear(layer, index, affine) {
    const { size, phases, stride, taps, inputs, outputs, blocks } = layer;
    const to = this.values[index + 1];
    const side = (size * phases) / stride;
    const weights = this.weights[index];
    const perPhase = (taps ** 2 * inputs) / blocks; // rows of weights
    const share = outputs / blocks;
    for (let y = 0; y < side; y += 1) {
      for (let x = 0; x < side; x += 1) {
        const phase = (y % phases) * phases + (x % phases);
        const place = (y * side + x) * outputs;
        for (let block = 0; block < blocks; block += 1) {
          const count = this.gather(layer, y, x, phase * perPhase, block);
          const sum = share <= FEW ? addFew : addMany;
          sum(weights, this.found, this.rows, count, to, place, outputs, block * share, share);
        }
        scaleAndShift(to, place, outputs, affine, phase * outputs, phases ** 2 * outputs);
      }
    }
  }

  // Collects what a block's share of place (y, x) of the output is made of; returns how many
  // numbers that are.
  gather(layer, y, x, firstRow, block) {
    const { source, size, phases, stride, taps, inputs, blocks, mirrored } = layer;
    const from = this.values[source];
    const share = inputs / blocks;
    const top = Math.floor(y / phases) * stride + firstTap(layer, y % phases);
    const left = Math.floor(x / phases) * stride + firstTap(layer, x % phases);
    let count = 0;
    for (let ty = 0; ty < taps; ty += 1) {
      const seenY = placeWithin(top + ty, size, mirrored);
      if (seenY < 0) continue;
      for (let tx = 0; tx < taps; tx += 1) {
        const seenX = placeWithin(left + tx, size, mirrored);
        if (seenX < 0) continue;
        const start = (seenY * size + seenX) * inputs + block * share;
        const row = firstRow + (ty * taps + tx) * share;
        for (let i = 0; i < share; i += 1) {
          const value = from[start + i];
          if (value !== 0) {
            this.found[count] = value;
            this.rows[count] = row + i;
            count += 1;
          }
        }
      }
    }
    return count;
  }
}

function valueCount({ size, phases, stride, margin, outputs }) {
  return ((size * phases) / stride + 2 * margin) ** 2 * outputs;
}

// Of all values, or of those of one channel of so many where `channel` is not -1.
function meanAndDeviation(values, channel, channels) {
  const step = channel < 0 ? 1 : channels;
  const first = Math.max(channel, 0);
  const count = values.length / step;
  let sum = 0;
  for (let i = first; i < values.length; i += step) sum += values[i];
  const mean = sum / count;
  let squares = 0;
  for (let i = first; i < values.length; i += step) squares += (values[i] - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / count + EPSILON) };
}

// Sums of rows of weights, each times its value, into `share` outputs of `to` behind `first`.
function addMany(weights, found, rows, count, to, place, outputs, first, share) {
  to.fill(0, place + first, place + first + share);
  found.fill(0, count, count + 3); // the last four may be fewer
  rows.fill(0, count, count + 3);
  for (let k = 0; k < count; k += 4) {
    const a = found[k];
    const b = found[k + 1];
    const c = found[k + 2];
    const d = found[k + 3];
    const rowA = rows[k] * outputs;
    const rowB = rows[k + 1] * outputs;
    const rowC = rows[k + 2] * outputs;
    const rowD = rows[k + 3] * outputs;
    for (let o = first; o < first + share; o += 1) {
      const two = a * weights[rowA + o] + b * weights[rowB + o];
      to[place + o] += two + c * weights[rowC + o] + d * weights[rowD + o];
    }
  }
}

function addFew(weights, found, rows, count, to, place, outputs, first, share) {
  for (let o = first; o < first + share; o += 1) {
    let sum = 0;
    for (let k = 0; k < count; k += 1) sum += found[k] * weights[rows[k] * outputs + o];
    to[place + o] = sum;
  }
}

function scaleAndShift(to, place, outputs, affine, scales, toShifts) {
  for (let o = 0; o < outputs; o += 1) {
    to[place + o] = to[place + o] * affine[scales + o] + affine[scales + toShifts + o];
  }
}

function activate(values, { activation, slope }) {
  if (activation === "relu") {
    for (let i = 0; i < values.length; i += 1) if (values[i] < 0) values[i] = 0;
  } else if (activation === "leaky") {
    for (let i = 0; i < values.length; i += 1) if (values[i] < 0) values[i] *= slope;
  } else if (activation === "tanh") {
    for (let i = 0; i < values.length; i += 1) values[i] = Math.tanh(values[i]);
  } else if (activation === "square") {
    for (let i = 0; i < values.length; i += 1) values[i] *= values[i];
  } else if (activation === "rsqrt") {
    for (let i = 0; i < values.length; i += 1) values[i] = 1 / Math.sqrt(values[i]);
  }
}
