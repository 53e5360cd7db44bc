// The studio as a component of the app: checkpoints come by name from the server, the link is the
// page's own.
import {
  discriminatorsFromServer, loaderFromServer, nearestFromServer, projectionFromServer,
  realFromServer, towardFromServer,
} from "../runtime/from_server.js";
import { openStudio } from "./studio.js";

const LINK_PREFIX = "latent_";

// data: { checkpoints, worker, takesImages }; here: the address that this script came from. What
// the studio shows is up to the visitor: newer data changes nothing.
export async function mountStudio(root, data, here) {
  const host = {
    checkpoints: data.checkpoints,
    linked: true, // the page has a button for its link
    load: loaderFromServer(here, data.worker),
    discriminator: discriminatorsFromServer(here),
    nearest: nearestFromServer(here),
    toward: towardFromServer(here),
    real: realFromServer(here),
    project: data.takesImages ? projectionFromServer(here) : null,
    params: readParams,
    write: writeParams,
    onReturn,
  };
  const studio = await openStudio(root, host);
  return { show: () => {}, close: () => studio.close() };
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
