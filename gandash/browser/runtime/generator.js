// A generator for the page: in a worker where the browser allows one, beside the page's own work
// where it does not. One sample is made at a time. What follows the hand goes first, and of several
// wishes for the same picture only the newest is made; nothing queues. Engines are compared when
// the first pictures are there.
import { Engines } from "./engines.js";

// Opens a generator. `buffer` is the packed file, `workerUrl` where the worker's script is.
export async function openGenerator(buffer, workerUrl) {
  const runner = (await openWorker(buffer, workerUrl)) ?? new Beside(buffer);
  return new Generator(runner);
}

// A generator whose samples another place makes: `make` is given z and the classes' shares. Its
// discriminator is not here.
export function distantGenerator(facts, title, make) {
  return new Generator({ facts, trials: [], title, make: async (z, shares) =>
    ({ sample: await make(z, shares), title }), close() {} });
}

class Generator {
  constructor(runner) {
    this.runner = runner;
    Object.assign(this, runner.facts); // latent, classes, shape, directions
    this.trials = runner.trials;
    this.title = runner.title; // of the engine in use
    this.discriminator = null; // facts of the one that was admitted
    this.busy = false;
    this.live = new Map(); // the newest wish for each picture under the hand
    this.waiting = []; // pictures in their turn
    this.judged = new Map(); // the newest wish for each opinion
    this.calm = new Map(); // the newest wish for each picture that may come last
    this.rival = runner.rival ? this.comparison() : null; // what is done once, after all wishes
  }

  get points() {
    return this.shape.length === 1;
  }

  // Milliseconds of a sample by the engine in use, as measured at the start.
  get ms() {
    return this.trials.find(({ title }) => title === this.title)?.ms;
  }

  // Opens the discriminator that was trained with it, from its file; an Error says why not.
  async admit(buffer) {
    if (!this.runner.admit) throw new Error("the generator does not run in this browser");
    this.discriminator = await this.runner.admit(buffer);
  }

  // The sample of z and the classes' shares; a Promise of { sample, ms }.
  make(z, shares = null) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ work: this.sampling(z, shares), resolve, reject });
      this.next();
    });
  }

  // As make, for what follows the hand: a newer wish of the same name takes the place of one that
  // has not begun, whose Promise is then of null. `calm` ones come after all others.
  follow(name, z, shares = null, { calm = false } = {}) {
    return this.wish(name, this.sampling(z, shares), calm ? this.calm : this.live);
  }

  // What the discriminator says of the sample of z: a Promise of { logit }, after all pictures but
  // calm ones; of null as above.
  judge(name, z, shares = null) {
    const work = async () => ({ logit: await this.runner.judge(z, shares) });
    return this.wish(name, work, this.judged);
  }

  sampling(z, shares) {
    return async () => {
      const start = performance.now();
      const { sample, title } = await this.runner.make(z, shares);
      this.title = title;
      return { sample, ms: performance.now() - start };
    };
  }

  wish(name, work, wishes) {
    return new Promise((resolve, reject) => {
      wishes.get(name)?.resolve(null);
      wishes.set(name, { work, resolve, reject });
      this.next();
    });
  }

  // The wish that measures the other engine; `measured` is a Promise of its end, good or bad.
  comparison() {
    const wish = { work: async () => this.compare() };
    this.measured = new Promise((end) => Object.assign(wish, { resolve: end, reject: end }));
    return wish;
  }

  async compare() {
    const { trials, title } = await this.runner.rival();
    Object.assign(this, { trials, title });
  }

  async next() {
    if (this.busy) return;
    const wish = this.take();
    if (!wish) return;
    this.busy = true;
    try {
      wish.resolve(await wish.work());
    } catch (error) {
      wish.reject(error);
    }
    this.busy = false;
    this.next();
  }

  take() {
    const pictures = takeFirst(this.live) ?? this.waiting.shift();
    return pictures ?? takeFirst(this.judged) ?? takeFirst(this.calm) ?? this.takeRival();
  }

  takeRival() {
    const wish = this.rival;
    this.rival = null;
    return wish;
  }

  close() {
    this.runner.close();
  }
}

function takeFirst(wishes) {
  const [name] = wishes.keys();
  const wish = wishes.get(name);
  wishes.delete(name);
  return wish;
}

// The engines in the page itself.
class Beside {
  constructor(buffer) {
    this.engines = new Engines(buffer, () => document.createElement("canvas"));
    Object.assign(this, this.engines.report());
    this.facts = this.engines.facts;
  }

  async rival() {
    this.engines.rival();
    return this.engines.report();
  }

  async make(z, shares) {
    await new Promise((resolve) => setTimeout(resolve)); // the page paints in between
    return { sample: this.engines.make(z, shares), title: this.engines.title };
  }

  async admit(buffer) {
    return this.engines.admit(buffer);
  }

  async judge(z, shares) {
    await new Promise((resolve) => setTimeout(resolve));
    return this.engines.judge(z, shares);
  }

  close() {
    this.engines.close();
  }
}

class InWorker {
  constructor(worker, { facts, trials, title }) {
    this.worker = worker;
    this.facts = facts;
    this.trials = trials;
    this.title = title;
  }

  make(z, shares) {
    return ask(this.worker, { kind: "make", z, shares });
  }

  rival() {
    return ask(this.worker, { kind: "rival" });
  }

  async admit(buffer) {
    return (await ask(this.worker, { kind: "admit", buffer })).facts;
  }

  async judge(z, shares) {
    return (await ask(this.worker, { kind: "judge", z, shares })).logit;
  }

  close() {
    this.worker.terminate();
  }
}

// A runner in a worker; null where the browser blocks it. A file that cannot be read is an Error.
async function openWorker(buffer, url) {
  let worker;
  try {
    worker = new Worker(url);
    const copy = buffer.slice(0); // the page may need the file itself
    return new InWorker(worker, await ask(worker, { kind: "open", buffer: copy }));
  } catch (error) {
    worker?.terminate();
    if (error.asked) throw error;
    return null;
  }
}

let asked = 0;

// One question and its answer. An Error that is the worker's answer is marked `asked`.
function ask(worker, question) {
  asked += 1;
  const id = asked;
  return new Promise((resolve, reject) => {
    const listen = ({ data }) => {
      if (data.id !== id) return;
      end();
      if (data.problem === undefined) resolve(data);
      else reject(Object.assign(new Error(data.problem), { asked: true }));
    };
    const fail = () => {
      end();
      reject(new Error("The worker does not start."));
    };
    const end = () => {
      worker.removeEventListener("message", listen);
      worker.removeEventListener("error", fail);
    };
    worker.addEventListener("message", listen);
    worker.addEventListener("error", fail);
    worker.postMessage({ id, ...question });
  });
}
