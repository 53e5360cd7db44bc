// A network's program and weights, as gandash.browser writes them, read and checked.
import { readSafetensors } from "./safetensors.js";

const PROGRAM_FORMAT = 2;

// { latent, classes, labels, shape, layers, reference, directions, others } of the bytes of a file,
// the last two as far as it has them. Each layer has its sizes, `weight` (Uint16Array of
// half-precision numbers: phases^2, taps^2, inputs / blocks, outputs; null for a norm) and `affine`
// (Float32Array: rows, 2, phases^2, outputs).
export function readProgram(buffer) {
  const { tensors, metadata } = readSafetensors(buffer);
  const program = JSON.parse(metadata.program ?? "null");
  if (program?.format !== PROGRAM_FORMAT) {
    throw new Error("The weight file is not one that this page can read: reload the page.");
  }
  const layers = program.layers.map((layer) => ({
    ...layer,
    weight: layer.weight ? tensorOf(tensors, layer.weight, weightCount(layer)) : null,
    affine: tensorOf(tensors, layer.affine, 2 * layer.rows * layer.phases ** 2 * layer.outputs),
  }));
  const directions = rowsOf(tensors.directions?.data ?? [], program.latent);
  const [reference, others] = [tensors.reference?.data, tensors.others?.data];
  return { ...program, layers, reference, directions, others };
}

function rowsOf(numbers, length) {
  return Array.from({ length: numbers.length / length }, (_, row) =>
    numbers.slice(row * length, (row + 1) * length),
  );
}

function weightCount({ phases, taps, inputs, blocks, outputs }) {
  return (phases ** 2 * taps ** 2 * inputs * outputs) / blocks;
}

function tensorOf(tensors, name, count) {
  const tensor = tensors[name];
  if (tensor?.data.length !== count) {
    throw new Error(
      `The weight file is damaged: tensor ${name} must have ${count} numbers. Reload the page.`,
    );
  }
  return tensor.data;
}

// Whether the samples are points and not images.
export function makesPoints(program) {
  return program.shape.length === 1;
}

// Shares of the classes (classes) from a class's number; null where there are no classes.
export function oneClass(program, label) {
  if (!program.classes) return null;
  return Float32Array.from({ length: program.classes }, (_, index) => Number(index === label));
}

// What the first layer reads: z, and the classes' shares behind it where they stand beside z. A
// generator with styles takes z for each of its stages, or one z for all.
export function inputOf(program, z, shares) {
  const { latent, styles } = program;
  if (styles) {
    const each = Array.from({ length: styles }, () => [...z.subarray(0, latent)]);
    return z.length === latent ? Float32Array.from(each.flat()) : z.subarray(0, styles * latent);
  }
  return program.labels === "beside" ? Float32Array.of(...z, ...shares) : z;
}

// By which numbers a styled layer mixes its rows: they stand behind the latents of all stages, and
// leave the styles as they are where there is one latent for all.
export function controlsOf({ latent, styles, sways }, z) {
  if (z.length > latent) return z.subarray(styles * latent);
  return Float32Array.from({ length: 2 + (sways ?? 0) }, (_, row) => Number(row === 0));
}

// A latent for a generator with styles: z for the stages before `from` and `other` for those behind
// it, styles that are left a share of `psi` of their way from the mean, and that are moved along
// their directions by so many standard deviations.
export function withStyles({ styles, sways }, z, other, { psi, from, moved }) {
  const each = Array.from({ length: styles }, (_, stage) => [...(stage < from ? z : other)]);
  const along = Array.from({ length: sways }, (_, number) => moved[number] ?? 0);
  return Float32Array.from([...each.flat(), psi, 1 - psi, ...along]);
}

// What the first layer of a discriminator reads: values (places, channels) of a sample, and behind
// those of each place the classes' shares where they stand beside them.
export function sampleInputOf(program, values, shares) {
  if (program.labels !== "beside") return values;
  const [channels] = program.shape;
  const all = channels + program.classes;
  const input = new Float32Array((values.length / channels) * all);
  for (let place = 0; place * channels < values.length; place += 1) {
    input.set(values.subarray(place * channels, (place + 1) * channels), place * all);
    input.set(shares, place * all + channels);
  }
  return input;
}

// Scales and shifts (2, phases^2, outputs) of a layer for the shares of the classes, or of a styled
// one for the controls: between rows those of the rows are mixed.
export function affineOf(layer, shares) {
  const size = layer.affine.length / layer.rows;
  if (layer.rows === 1) return layer.affine;
  const mixed = new Float32Array(size);
  shares.forEach((share, row) => {
    if (share === 0) return;
    for (let i = 0; i < size; i += 1) mixed[i] += share * layer.affine[row * size + i];
  });
  return mixed;
}

// Place of the first tap of a phase, from the place of the output's group times the stride.
export function firstTap({ taps, stride }, phase) {
  return taps === 2 && stride === 1 ? phase - 1 : -(taps - stride) / 2;
}

// Where a place along an axis of maps of `size` places is, or -1 beyond their border; mirrored maps
// go on as their mirror image there.
export function placeWithin(at, size, mirrored) {
  if (at >= 0 && at < size) return at;
  if (!mirrored) return -1;
  return size - 1 - Math.abs(size - 1 - Math.abs(at));
}

// Values (places, channels) in [-1, 1] as gray or RGB pixels with alpha, rounded as in Python.
export function toPixels(values, channels, stride = channels) {
  const count = values.length / stride;
  const pixels = new Uint8ClampedArray(4 * count);
  for (let i = 0; i < count; i += 1) {
    for (let c = 0; c < 3; c += 1) {
      pixels[4 * i + c] = roundEven((values[i * stride + (c < channels ? c : 0)] + 1) * 127.5);
    }
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}

function roundEven(value) {
  const rounded = Math.round(value);
  return value % 1 === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}
