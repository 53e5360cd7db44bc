// The studio in a page of its own: weights and scripts lie in the page, or beside it.
import { openGenerator } from "../runtime/generator.js";
import { openStudio } from "../studio/studio.js";

// Starts the page from what stands in it.
export function startPage() {
  const data = JSON.parse(document.getElementById("page-data").textContent);
  const workerText = document.getElementById("page-worker")?.textContent;
  const worker = workerText
    ? URL.createObjectURL(new Blob([workerText], { type: "text/javascript" }))
    : data.worker;
  const load = async (name) => {
    const buffer = await contentOf("weights", name, data);
    return { generator: await openGenerator(buffer, worker), note: "" };
  };
  const withOpinion = data.checkpoints.filter(({ opinion }) => opinion).map(({ name }) => name);
  const host = {
    checkpoints: data.checkpoints,
    load,
    discriminator: withOpinion.length ? (name) => opinionOf(name, withOpinion, data) : null,
    toward: async (name) =>
      data.toward[name].map((each) => ({ ...each, direction: Float32Array.from(each.direction) })),
    params: () => new URLSearchParams(location.hash.slice(1)),
    write: (params, isEntry) => {
      const hash = `#${new URLSearchParams(params)}`;
      if (hash === location.hash) return;
      if (isEntry) history.pushState(null, "", hash);
      else history.replaceState(null, "", hash);
    },
    onReturn: (listen) => {
      window.addEventListener("popstate", listen);
      return () => window.removeEventListener("popstate", listen);
    },
  };
  const opening = openStudio(document.getElementById("studio"), host);
  document.querySelectorAll("[data-checkpoint]").forEach((card) =>
    card.addEventListener("click", async () => (await opening).choose(card.dataset.checkpoint)),
  );
}

async function opinionOf(name, known, data) {
  if (!known.includes(name)) throw new Error("this page came without its discriminator");
  return contentOf("opinion", name, data);
}

// What stands in the page under that name, or lies beside it.
async function contentOf(kind, name, data) {
  const inside = await whole(`${kind}-${name}`);
  if (inside) return unsqueezed(inside.textContent);
  const answer = await fetch(data[kind][name]);
  if (!answer.ok) throw new Error(`The weights of ${name} are not beside the page: copy them too.`);
  return answer.arrayBuffer();
}

// An element of the page, which may still be on its way; null where there is none.
async function whole(id) {
  const isReading = document.readyState === "loading";
  if (isReading && !document.getElementById(id)?.nextSibling) {
    await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve));
  }
  return document.getElementById(id);
}

// Base64 of deflated bytes: those of even places, then those of odd ones.
async function unsqueezed(text) {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("This page needs a browser of 2023 or later.");
  }
  const { body } = await fetch(`data:;base64,${text}`);
  const plain = body.pipeThrough(new DecompressionStream("deflate-raw"));
  const planes = new Uint8Array(await new Response(plain).arrayBuffer());
  const half = Math.ceil(planes.length / 2);
  const content = new Uint8Array(planes.length);
  for (let i = 0; i < planes.length; i += 1) content[i] = planes[(i >> 1) + (i & 1 ? half : 0)];
  return content.buffer;
}
