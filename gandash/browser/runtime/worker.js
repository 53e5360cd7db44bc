// Runs a generator beside the page, so that the page stays free for the hand.
import { Engines } from "./engines.js";

let engines = null;

self.onmessage = ({ data: { id, kind, ...request } }) => {
  try {
    const answer = kind === "open" ? openInWorker(request) : makeInWorker(request);
    self.postMessage({ id, ...answer }, answer.sample ? [answer.sample.buffer] : []);
  } catch (error) {
    self.postMessage({ id, problem: error.message });
  }
};

function openInWorker({ buffer }) {
  engines = new Engines(buffer);
  return { facts: engines.facts, trials: engines.report(), title: engines.title };
}

function makeInWorker({ z, shares }) {
  const sample = engines.make(z, shares);
  return { sample, title: engines.title };
}
