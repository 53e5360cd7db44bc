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
    const buffer = await weightsOf(data.weights[name], name);
    return { generator: await openGenerator(buffer, worker), note: "" };
  };
  const host = {
    checkpoints: data.checkpoints,
    load,
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

async function weightsOf(address, name) {
  const inside = document.getElementById(`weights-${name}`);
  const answer = await fetch(inside ? `data:;base64,${inside.textContent}` : address);
  if (!answer.ok) throw new Error(`The weights of ${name} are not beside the page: copy them too.`);
  return answer.arrayBuffer();
}
