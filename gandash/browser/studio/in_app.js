// The studio as a component of the app: checkpoints come by name from the server, the link is the
// page's own.
import { distantGenerator, openGenerator } from "../runtime/generator.js";
import { openStudio } from "./studio.js";

const LINK_PREFIX = "latent_";

// data: { checkpoints, worker }; here: the address that this script came from. What the studio
// shows is up to the visitor: newer data changes nothing.
export async function mountStudio(root, data, here) {
  const assets = new URL(".", here);
  const generators = new URL("../generators/", here);
  const worker = new URL(data.worker, document.baseURI);
  const host = {
    checkpoints: data.checkpoints,
    load: (name) => loadFromServer(new URL(name, generators), assets, worker),
    params: readParams,
    write: writeParams,
    onReturn,
  };
  const studio = await openStudio(root, host);
  return { show: () => {}, close: () => studio.close() };
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

function readParams() {
  const params = new Map();
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (name.startsWith(LINK_PREFIX)) params.set(name.slice(LINK_PREFIX.length), value);
  }
  return params;
}

// The app's history keeps what the browser moves; parameters of earlier versions are taken over.
function writeParams(params, isEntry) {
  const values = new Map([...readParams().keys()].map((name) => [LINK_PREFIX + name, null]));
  Object.entries(params).forEach(([name, value]) => values.set(LINK_PREFIX + name, value));
  window.gandashEntries?.placeAll(values, isEntry);
}

// Back and forward: the studio shows what the link says then.
function onReturn(listen) {
  const returned = () => location.pathname.endsWith("/latent") && listen();
  window.addEventListener("popstate", returned);
  return () => window.removeEventListener("popstate", returned);
}
