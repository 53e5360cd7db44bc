// Safetensors: a JSON header with types, shapes and places, and the bytes of the tensors behind it.

const ELEMENTS = { F16: Uint16Array, F32: Float32Array, U8: Uint8Array };
const DAMAGED = "The weight file is damaged";

// Tensors by name, each { shape, data }, and the file's metadata. Half-precision numbers stay the
// 16 bits that they are. An Error says what is wrong with a file.
export function readSafetensors(buffer) {
  const header = readHeader(buffer);
  const start = 8 + new Uint32Array(buffer, 0, 1)[0];
  const tensors = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name !== "__metadata__") tensors[name] = readTensor(buffer, start, name, entry);
  }
  return { tensors, metadata: header.__metadata__ ?? {} };
}

function readHeader(buffer) {
  const length = buffer.byteLength < 8 ? 0 : new Uint32Array(buffer, 0, 1)[0];
  if (length === 0 || 8 + length > buffer.byteLength) {
    throw new Error(`${DAMAGED}: it ends before its header does. Reload the page.`);
  }
  try {
    return JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  } catch {
    throw new Error(`${DAMAGED}: its header cannot be read. Reload the page.`);
  }
}

function readTensor(buffer, start, name, { dtype, shape, data_offsets: [from, to] }) {
  const Kind = ELEMENTS[dtype];
  const count = shape.reduce((product, side) => product * side, 1);
  const fits = Kind && to - from === count * Kind.BYTES_PER_ELEMENT;
  if (!fits || start + to > buffer.byteLength) {
    throw new Error(`${DAMAGED}: tensor ${name} is not whole. Reload the page.`);
  }
  return { shape, data: new Kind(buffer.slice(start + from, start + to)) };
}

let floats = null; // of all 65,536 half-precision numbers

// The 32-bit floats of half-precision numbers given as 16 bits each.
export function halvesToFloats(halves) {
  floats ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits));
  return Float32Array.from(halves, (bits) => floats[bits]);
}

function halfToFloat(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
