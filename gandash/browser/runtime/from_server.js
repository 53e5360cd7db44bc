// Generators of the app by name: weights that run in the browser, or pictures that the server
// makes.
import { distantGenerator, openGenerator } from "./generator.js";

// here: the address of a script that the app keeps; workerUrl: where the worker's script is. The
// function takes a name; its Promise is of { generator, note }, and note says why the server draws.
export function loaderFromServer(here, workerUrl) {
  const assets = new URL(".", here);
  const generators = new URL("../generators/", here);
  const worker = new URL(workerUrl, document.baseURI);
  return (name) => loadFromServer(new URL(name, generators), assets, worker);
}

// A function that takes a name; its Promise is of the file of that checkpoint's discriminator, and
// an Error says why there is none.
export function discriminatorsFromServer(here) {
  const assets = new URL(".", here);
  const discriminators = new URL("../discriminators/", here);
  return async (name) => {
    const facts = await (await fetchOrSay(new URL(name, discriminators))).json();
    if (!facts.weights) throw new Error(facts.reason);
    return (await fetchOrSay(new URL(facts.weights, assets))).arrayBuffer();
  };
}

// A function that takes a name and the pixels with alpha of a picture; its Promise is of what is
// near it among the images that the checkpoint was trained on, each with its picture's address.
export function nearestFromServer(here) {
  const assets = new URL(".", here);
  const generators = new URL("../generators/", here);
  return async (name, pixels) => {
    const address = new URL(`${name}/nearest`, generators);
    const answer = await fetchOrSay(address, { method: "POST", body: pixels });
    const { spaces } = await answer.json();
    return spaces.map((space) => ({
      ...space,
      near: space.near.map((each) => ({ ...each, picture: new URL(each.picture, assets).href })),
    }));
  };
}

// A function that takes a name and is told how far the server is, 0 to 1; its Promise is of the
// directions toward the classes of the data, and an Error says why there are none.
export function towardFromServer(here) {
  const generators = new URL("../generators/", here);
  return async (name, tell) => {
    const answer = await fetchOrSay(new URL(`${name}/classes`, generators));
    const { classes } = await lastPart(answer, ({ step, steps }) => tell(step / steps));
    return classes.map((each) => ({ ...each, direction: Float32Array.from(each.direction) }));
  };
}

// A function that takes a name, the pixels with alpha of a picture and a class (null for none), is
// told of each better vector as it is found, and can be stopped by an AbortSignal; its Promise is
// of the best.
export function projectionFromServer(here) {
  const generators = new URL("../generators/", here);
  return async (name, pixels, label, hear, signal) => {
    const ofClass = label === null ? "" : `?label=${label}`;
    const address = new URL(`${name}/projection${ofClass}`, generators);
    const answer = await fetchOrSay(address, { method: "POST", body: pixels, signal });
    return lastPart(answer, hear);
  };
}

// A function that takes a name; its Promise is of the pixels with alpha of a real image.
export function realFromServer(here) {
  const generators = new URL("../generators/", here);
  return async (name) => {
    const answer = await fetchOrSay(new URL(`${name}/real`, generators), { cache: "no-store" });
    return new Uint8ClampedArray(await answer.arrayBuffer());
  };
}

// The last of an answer's lines of JSON; `hear` is told of those before. An Error is what the
// server names as a problem.
export async function lastPart(answer, hear) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let last = {};
  for (;;) {
    const { value, done } = await reader.read();
    const parts = (text + (value ?? "")).split("\n");
    text = parts.pop();
    for (const part of parts) {
      last = JSON.parse(part);
      if (last.problem) throw new Error(last.problem);
      if (last.steps) hear(last);
    }
    if (done) break;
  }
  if (last.steps) throw new Error("The server stopped in the middle: try again.");
  return last;
}

async function loadFromServer(url, assets, worker) {
  const facts = await (await fetchOrSay(url)).json();
  if (!facts.weights) return fromServer(url, facts, facts.reason);
  const buffer = await (await fetchOrSay(new URL(facts.weights, assets))).arrayBuffer();
  try {
    return { generator: await openGenerator(buffer, worker), note: "" };
  } catch (error) {
    return fromServer(url, facts, error.message);
  }
}

async function fetchOrSay(url, options) {
  const answer = await fetch(url, options);
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

// Pictures that the server makes, where the browser cannot.
function fromServer(url, facts, reason) {
  const make = async (z, shares) => {
    const label = shares ? `?label=${shares.indexOf(Math.max(...shares))}` : "";
    const address = `${url}/sample${label}`;
    const answer = await fetchOrSay(address, { method: "POST", body: z.buffer });
    const bytes = await answer.arrayBuffer();
    return facts.shape.length === 1 ? new Float32Array(bytes) : new Uint8ClampedArray(bytes);
  };
  const note = `drawn by the server: ${reason}`;
  return { generator: distantGenerator(facts, "the server", make), note };
}
