// The studio's state as parameters of a link, and back. Everything that is shown is in the link.
//
// Links of earlier versions (?latent_a=…&latent_b=…&latent_path=…&latent_steps=…&latent_frame=…)
// are a path between two seeds.

export const LARGEST_SEED = 2 ** 32 - 1;
export const MOST_ENTRIES = 200;
const MOST_KEYS = 64;
const MOST_NAMED = 3; // of what is not here
const LONG = 1200; // characters of the tray, from which on it is packed
const PACKED = "z.";

// Defaults of all that a link may hold; a parameter that equals its default is left out.
export function freshState(checkpoint) {
  return {
    checkpoint, // its name
    linked: [], // names of those that follow the same pointer
    view: "pad",
    label: 0, // class
    other: -1, // class to mix with, or -1
    mix: 0, // share of the other class
    tray: [21, 14, 3, 7, 5, 8].map((seed) => ({ seed, name: "", pinned: false })),
    corners: [0, 1, 2, 3], // places in the tray
    x: 0.5,
    y: 0.5,
    plane: "spherical",
    opinion: true, // whether D's is shown
    length: 0, // 0: as it is
    center: null, // of variants and of an image's search: an entry as in the tray
    keys: [0, 1, 2], // places in the tray
    path: "slerp",
    closed: true,
    seconds: 6,
    ease: false,
    hold: 0,
    t: 0,
    radius: 0.5,
    round: 1, // of variants: their seed
    groups: [[0], [1], [2]], // A, B, C: places in the tray
    shifts: [], // along directions, in standard deviations
    toward: [], // along directions toward classes, likewise
    sways: [], // along principal components of styles, likewise
    psi: 1, // share that is left of the styles' way from their mean
    blend: -1, // place in the tray of whose styles finer stages have, or -1
    from: 1, // the first of these stages
    moves: "principal", // which directions are shown
    dims: [], // numbers of z that are set: [place, value]
  };
}

// Parameters by name (without the prefix) of a state.
export async function paramsOf(state) {
  const fresh = freshState(state.checkpoint);
  const params = { checkpoint: state.checkpoint };
  const put = (name, text, usual) => {
    if (text !== usual) params[name] = text;
  };
  put("tray", await trayText(state.tray), await trayText(fresh.tray));
  put("view", state.view, fresh.view);
  put("linked", state.linked.join(","), "");
  for (const name of NUMBERS) put(name, shortNumber(state[name]), shortNumber(fresh[name]));
  for (const name of LISTS) put(name, state[name].map(shortNumber).join(","), fresh[name].join());
  put("dims", state.dims.map(([at, value]) => `${at}:${shortNumber(value)}`).join(), "");
  put("groups", groupsText(state.groups), groupsText(fresh.groups));
  put("center", state.center ? entryText(state.center) : "", "");
  put("moves", state.moves, fresh.moves);
  put("plane", state.plane, fresh.plane);
  put("path", state.path, fresh.path);
  put("closed", String(Number(state.closed)), String(Number(fresh.closed)));
  put("opinion", String(Number(state.opinion)), String(Number(fresh.opinion)));
  put("ease", String(Number(state.ease)), String(Number(fresh.ease)));
  return params;
}

const NUMBERS = [
  "label", "other", "mix", "x", "y", "length", "seconds", "hold", "t", "radius", "round",
  "psi", "blend", "from",
];
const LISTS = ["corners", "keys", "shifts", "toward", "sways"];
const RANGES = {
  label: [0, 9999], other: [-1, 9999], mix: [0, 1], x: [0, 1], y: [0, 1], length: [0, 1000],
  seconds: [1, 60], hold: [0, 0.9], t: [0, 1], radius: [0.05, 2], round: [1, LARGEST_SEED],
  psi: [0, 1], blend: [-1, MOST_ENTRIES], from: [1, 9],
};

function groupsText(groups) {
  return groups.map((group) => group.join(".")).join("~");
}

function shortNumber(number) {
  return String(Number(number.toFixed(4)));
}

// The state that parameters (a Map or URLSearchParams without prefix) ask for, and words for those
// that are not here, or make no sense, and were left out.
export async function stateOf(params, checkpoints) {
  const words = [];
  const known = new Set(checkpoints.map(({ name }) => name));
  const wanted = params.get("checkpoint");
  if (wanted && !known.has(wanted)) words.push(inVain("checkpoint", wanted));
  const state = freshState(known.has(wanted) ? wanted : checkpoints[0].name);
  if (params.has("a") || params.has("b")) readEarlier(params, state, words);
  await readTray(params, state, words);
  readCenter(params, state, words);
  readChoices(params, state, words);
  for (const name of NUMBERS) readNumber(params, name, state, words);
  for (const name of LISTS) readList(params, name, state, words);
  readDimensions(params, state, words);
  readGroups(params, state, words);
  state.linked = (params.get("linked") ?? "").split(",").filter((name) => known.has(name));
  state.linked = state.linked.slice(0, 3);
  return { state, words };
}

// One sentence on what a link asked for in vain.
export function saidOf(words) {
  if (!words.length) return "";
  const named = words.slice(0, MOST_NAMED).map((word) => `“${word}”`).join(", ");
  const more = words.length > MOST_NAMED ? ` and ${words.length - MOST_NAMED} more` : "";
  return `The link asked for ${named}${more}, which ${words.length > 1 ? "are" : "is"} not here.`;
}

function inVain(name, value) {
  return `${name}=${value.length > 40 ? `${value.slice(0, 40)}…` : value}`;
}

// Two seeds, how to go between them and where on the way, as links of the first version say it.
function readEarlier(params, state, words) {
  const seeds = [seedIn(params, "a", 21, words), seedIn(params, "b", 14, words)];
  state.tray = seeds.map((seed) => ({ seed, name: "", pinned: false }));
  state.keys = [0, 1];
  state.corners = [0, 1, 0, 1];
  state.groups = [[0], [1], [0]];
  state.closed = false;
  state.view = "path";
  const steps = Number(params.get("steps") ?? 32);
  const frame = Number(params.get("frame") ?? 0);
  const frames = Number.isInteger(steps) && steps > 1 && steps <= 64 ? steps : 32;
  if (Number.isInteger(frame) && frame >= 0 && frame < frames) state.t = frame / (frames - 1);
}

function seedIn(params, name, usual, words) {
  const text = params.get(name) ?? String(usual);
  if (isSeed(text)) return Number(text);
  words.push(inVain(name, text));
  return usual;
}

function isSeed(text) {
  return /^\d{1,10}$/.test(text) && Number(text) <= LARGEST_SEED;
}

async function readTray(params, state, words) {
  const text = params.get("tray");
  if (text === null || text === undefined) return;
  try {
    state.tray = await trayOf(text);
  } catch {
    words.push(inVain("tray", text));
  }
}

function readCenter(params, state, words) {
  const text = params.get("center");
  if (!text) return;
  try {
    state.center = entryOf(text);
  } catch {
    words.push(inVain("center", text));
  }
}

function readChoices(params, state, words) {
  const choices = {
    view: ["pad", "linked", "path", "variants", "arithmetic", "own"],
    plane: ["spherical", "bilinear"],
    path: ["slerp", "lerp"],
    moves: ["principal", "sways", "classes", "numbers"],
  };
  for (const [name, options] of Object.entries(choices)) {
    const text = params.get(name);
    if (options.includes(text)) state[name] = text;
    else if (text) words.push(inVain(name, text));
  }
  if (params.has("closed")) state.closed = params.get("closed") === "1";
  if (params.has("opinion")) state.opinion = params.get("opinion") === "1";
  if (params.has("ease")) state.ease = params.get("ease") === "1";
}

function readNumber(params, name, state, words) {
  const text = params.get(name);
  if (text === null || text === undefined) return;
  const number = text.trim() === "" ? NaN : Number(text);
  const [least, most] = RANGES[name];
  if (number >= least && number <= most) state[name] = number;
  else words.push(inVain(name, text));
}

function readList(params, name, state, words) {
  const text = params.get(name);
  if (text === null || text === undefined) return place(state, name);
  const numbers = text === "" ? [] : text.split(",").map(Number);
  const most = { keys: MOST_KEYS, corners: 4, shifts: 8, toward: MOST_KEYS, sways: 8 }[name];
  const fits = numbers.length <= most && numbers.every((number) => Math.abs(number) <= 1000);
  if (fits && (name !== "corners" || numbers.length === 4)) state[name] = numbers;
  else words.push(inVain(name, text));
  return place(state, name);
}

// Places that the tray does not have are those that it has, in turn.
function place(state, name) {
  if (["shifts", "toward", "sways"].includes(name)) return;
  state[name] = state[name].map((index) => inTray(state, index));
}

function inTray(state, index) {
  const count = state.tray.length;
  return Number.isInteger(index) && index >= 0 ? index % count : 0;
}

function readDimensions(params, state, words) {
  const text = params.get("dims");
  if (!text) return;
  const found = text.split(",").map((part) => /^(\d{1,4}):(-?\d(?:\.\d{1,4})?)$/.exec(part));
  const fits = found.length <= MOST_KEYS && found.every((it) => it && Math.abs(it[2]) <= 3);
  if (fits) state.dims = found.map((it) => [Number(it[1]), Number(it[2])]);
  else words.push(inVain("dims", text));
}

function readGroups(params, state, words) {
  const text = params.get("groups");
  if (text !== null && text !== undefined) {
    const groups = text.split("~").map((part) => (part ? part.split(".").map(Number) : []));
    if (groups.length === 3) state.groups = groups.map((group) => group.slice(0, 3));
    else words.push(inVain("groups", text));
  }
  state.groups = state.groups.map((group) => group.map((index) => inTray(state, index)));
}

// A tray as text: entries between commas, each a seed or "v" and 32-bit floats in base64url, a name
// behind a colon, "*" in front of pinned ones. A long one is deflated.
export async function trayText(tray) {
  const text = tray.map(entryText).join(",");
  if (text.length <= LONG || typeof CompressionStream === "undefined") return text;
  const bytes = new TextEncoder().encode(text);
  const packed = await through(bytes, new CompressionStream("deflate-raw"));
  return PACKED + toBase64(packed);
}

function entryText({ seed, vector, name, pinned }) {
  const body = vector ? `v${toBase64(new Uint8Array(vector.slice().buffer))}` : String(seed);
  return `${pinned ? "*" : ""}${body}${name ? `:${encodeURIComponent(name)}` : ""}`;
}

export async function trayOf(text) {
  let plain = text;
  if (text.startsWith(PACKED)) {
    const bytes = fromBase64(text.slice(PACKED.length));
    plain = new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw")));
  }
  const entries = plain.split(",");
  if (entries.length > MOST_ENTRIES) throw new Error(`A tray has at most ${MOST_ENTRIES} entries.`);
  return entries.map(entryOf);
}

function entryOf(text) {
  const [, star, body, name = ""] = /^(\*?)([^:]+)(?::(.*))?$/.exec(text);
  const entry = { name: decodeURIComponent(name).slice(0, 60), pinned: star === "*" };
  if (body.startsWith("v")) return { ...entry, vector: vectorOf(body.slice(1)) };
  if (!isSeed(body)) throw new Error("not a seed");
  return { ...entry, seed: Number(body) };
}

function vectorOf(text) {
  const vector = new Float32Array(fromBase64(text).buffer);
  if (!vector.length || !vector.every((value) => Math.abs(value) <= 1000)) {
    throw new Error("not a vector");
  }
  return vector;
}

export function toBase64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

async function through(bytes, stream) {
  const answer = new Response(new Blob([bytes]).stream().pipeThrough(stream));
  return new Uint8Array(await answer.arrayBuffer());
}
