// Runs a generator beside the page, so that the page stays free for the hand.
import { Engines } from "./engines.js";

let engines = null;
const ANSWERS = {
  open: openInWorker,
  rival: rivalInWorker,
  make: makeInWorker,
  admit: ({ buffer }) => ({ facts: engines.admit(buffer) }),
  judge: ({ z, shares }) => ({ logit: engines.judge(z, shares) }),
};

self.onmessage = ({ data: { id, kind, ...request } }) => {
  try {
    const answer = ANSWERS[kind](request);
    self.postMessage({ id, ...answer }, answer.sample ? [answer.sample.buffer] : []);
  } catch (error) {
    self.postMessage({ id, problem: error.message });
  }
};

function openInWorker({ buffer }) {
  engines = new Engines(buffer);
  return { facts: engines.facts, ...engines.report() };
}

function rivalInWorker() {
  engines.rival();
  return engines.report();
}

function makeInWorker({ z, shares }) {
  const sample = engines.make(z, shares);
  return { sample, title: engines.title };
}
