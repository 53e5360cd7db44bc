// MP4 (ISO/IEC 14496-12) of one track of encoded pictures, the index first, so that a player can
// start before it has all. Times of creation are 0: the same pictures are the same file.
import { joinBytes } from "./gif.js";

const TIMESCALE = 1000; // units a second
const UNITY = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000]; // the matrix that turns nothing
const COLOR_CODES = {
  primaries: { bt709: 1, bt470bg: 5, smpte170m: 6 },
  transfer: { bt709: 1, smpte170m: 6, "iec61966-2-1": 13 },
  matrix: { bt709: 1, bt470bg: 5, smpte170m: 6 },
};

// pictures: { data: Uint8Array, key: boolean } each, in the order they are shown; each lasts
// `duration` milliseconds. entry: { kind: "avc1" | "vp09" | "av01", config: Uint8Array of the box
// that says how to decode them, color: a VideoColorSpace or null }. A Uint8Array.
export function writeMp4(pictures, width, height, duration, entry) {
  const head = atom("ftyp", ascii4("isom"), long(512), ascii4("isom"), ascii4(entry.kind));
  const moovAt = (start) => movie(pictures, { width, height, duration, entry, start });
  const start = head.length + moovAt(0).length + 8;
  const bytes = pictures.map(({ data }) => data);
  return joinBytes([head, moovAt(start), atom("mdat", ...bytes)]);
}

function movie(pictures, { width, height, duration, entry, start }) {
  const total = duration * pictures.length;
  const matrix = UNITY.map((value) => long(value));
  const header = full("mvhd", 0, [
    long(0, 0, TIMESCALE, total), long(0x10000), short(0x100, 0), long(0, 0), ...matrix,
    long(0, 0, 0, 0, 0, 0), long(2),
  ]);
  const track = full("tkhd", 3, [
    long(0, 0, 1, 0, total), long(0, 0), short(0, 0, 0, 0), ...matrix,
    long(width * 0x10000, height * 0x10000),
  ]);
  const media = full("mdhd", 0, [long(0, 0, TIMESCALE, total), short(0x55c4, 0)]);
  const handler = full("hdlr", 0, [long(0), ascii4("vide"), long(0, 0, 0), Uint8Array.of(0)]);
  const here = atom("dinf", full("dref", 0, [long(1), full("url ", 1, [])]));
  const information = atom(
    "minf", full("vmhd", 1, [short(0, 0, 0, 0)]), here,
    table(pictures, { width, height, duration, entry, start }),
  );
  return atom("moov", header, atom("trak", track, atom("mdia", media, handler, information)));
}

function table(pictures, { width, height, duration, entry, start }) {
  const count = pictures.length;
  const keys = pictures.flatMap(({ key }, place) => (key ? [place + 1] : []));
  return atom(
    "stbl",
    full("stsd", 0, [long(1), sampleEntry(entry, width, height)]),
    full("stts", 0, [long(1, count, duration)]),
    full("stss", 0, [long(keys.length, ...keys)]),
    full("stsc", 0, [long(1, 1, count, 1)]),
    full("stsz", 0, [long(0, count, ...pictures.map(({ data }) => data.length))]),
    full("stco", 0, [long(1, start)]),
  );
}

function sampleEntry({ kind, config, color }, width, height) {
  return atom(
    kind,
    long(0), short(0, 1), long(0, 0, 0, 0), short(width, height), long(0x480000, 0x480000, 0),
    short(1), new Uint8Array(32), short(24, 0xffff),
    atom({ avc1: "avcC", vp09: "vpcC", av01: "av1C" }[kind], config),
    ...colorBox(color),
  );
}

function colorBox(color) {
  const codes = ["primaries", "transfer", "matrix"].map((name) => COLOR_CODES[name][color?.[name]]);
  if (codes.includes(undefined)) return [];
  const range = Uint8Array.of(color.fullRange ? 0x80 : 0);
  return [atom("colr", ascii4("nclx"), short(...codes), range)];
}

function atom(type, ...parts) {
  const content = joinBytes(parts);
  return joinBytes([long(content.length + 8), ascii4(type), content]);
}

// A box with a version and flags.
function full(type, flags, parts) {
  return atom(type, long(flags), ...parts);
}

function ascii4(text) {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function long(...numbers) {
  const view = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((number, place) => view.setUint32(4 * place, number));
  return new Uint8Array(view.buffer);
}

function short(...numbers) {
  const view = new DataView(new ArrayBuffer(2 * numbers.length));
  numbers.forEach((number, place) => view.setUint16(2 * place, number));
  return new Uint8Array(view.buffer);
}
