// Which engine runs a generator: the fastest of those whose picture is right.
//
// Both make the reference sample first, whose picture torch has made too. Typed arrays begin; the
// graphics processor, which takes longer to start than they take for a picture, is measured when
// `rival` is called. An engine that fails later (a lost graphics context) is left for the other,
// and what it was asked for is made there.
import { Discriminator } from "./discriminator.js";
import { makesPoints, oneClass, readProgram, toPixels } from "./program.js";
import { drawLatent } from "./random.js";
import { TypedArrays } from "./typed_arrays.js";
import { WebGL } from "./webgl.js";

const REFERENCE_SEED = 0;
const LARGEST_PIXEL_ERROR = 2; // of 255: weights of full precision are rounded to half of it
const LARGEST_POINT_ERROR = 0.02;
const TIMED_RUNS = 3;
const MUCH_SLOWER = 4; // times the best: not worth further runs

export class Engines {
  // buffer: the file that gandash.browser.pack wrote. `canvas` makes a canvas for WebGL2.
  constructor(buffer, canvas = () => new OffscreenCanvas(1, 1)) {
    this.program = readProgram(buffer);
    this.canvas = canvas;
    this.trials = [
      this.try(TypedArrays.title, Infinity, () => new TypedArrays(this.program)),
    ];
    this.best = this.trials[0];
    this.discriminator = null;
    this.newest = null; // values made last, and of what
    if (!this.best.engine) this.rival();
  }

  // Measures WebGL2 and takes it where it is the faster one. An Error where no picture is right.
  rival() {
    if (this.trials.length > 1) return;
    const build = () => new WebGL(this.program, this.canvas());
    this.trials.push(this.try(WebGL.title, this.best.ms, build));
    this.best = this.trials.reduce((a, b) => (b.ms < a.ms ? b : a));
    if (!this.best.engine) {
      const reasons = this.trials.map(({ title, reason }) => `${title}: ${reason}`).join("; ");
      throw new Error(`This browser makes no picture right (${reasons}).`);
    }
    this.trials.filter((trial) => trial !== this.best).forEach(({ engine }) => engine?.close?.());
  }

  // Builds an engine, checks its picture and measures it; `best` are the milliseconds to beat.
  try(title, best, build) {
    const trial = { title, engine: null, ms: Infinity, error: null, reason: "" };
    try {
      const engine = build();
      trial.error = this.check(engine);
      trial.ms = this.time(engine, best);
      trial.engine = engine;
    } catch (error) {
      trial.reason = error.message;
    }
    return trial;
  }

  reference() {
    return [drawLatent(REFERENCE_SEED, this.program.latent), oneClass(this.program, 0)];
  }

  // The largest difference from torch's picture; an Error where that is too large.
  check(engine) {
    const sample = engine.make(...this.reference());
    const error = largestDifference(this.program, sample);
    const largest = makesPoints(this.program) ? LARGEST_POINT_ERROR : LARGEST_PIXEL_ERROR;
    if (!(error <= largest)) throw new Error(`its picture is wrong by ${error}`);
    return error;
  }

  time(engine, best) {
    const [z, shares] = this.reference();
    let least = Infinity;
    for (let i = 0; i < TIMED_RUNS && (i === 0 || least < MUCH_SLOWER * best); i += 1) {
      const start = performance.now();
      engine.make(z, shares);
      least = Math.min(least, performance.now() - start);
    }
    return least;
  }

  get title() {
    return this.best.title;
  }

  // What a page needs to know of the generator.
  get facts() {
    const { latent, classes, shape, directions, styles, sways } = this.program;
    return { latent, classes, shape, directions, styles, sways };
  }

  // For the page to show: what was tried (titles, milliseconds, errors, reasons), and the title
  // of the engine in use.
  report() {
    const shown = ({ title, ms, error, reason }) => ({ title, ms, error, reason });
    return { trials: this.trials.map(shown), title: this.title };
  }

  // The sample of z and the classes' shares: pixels with alpha, or a point.
  make(z, shares) {
    const values = this.values(z, shares);
    return makesPoints(this.program) ? values.slice() : toPixels(values, this.program.shape[0]);
  }

  // Opens the generator's discriminator; returns what a page needs to know of it.
  admit(buffer) {
    this.discriminator = new Discriminator(buffer);
    return this.discriminator.facts;
  }

  // The discriminator's logit of the sample of z.
  judge(z, shares) {
    const same = this.newest && alike(this.newest.z, z) && alike(this.newest.shares, shares);
    return this.discriminator.logit(same ? this.newest.values : this.values(z, shares), shares);
  }

  values(z, shares) {
    const values = this.compute(z, shares);
    this.newest = { z, shares, values };
    return values;
  }

  compute(z, shares) {
    try {
      return this.best.engine.make(z, shares);
    } catch (error) {
      if (this.title !== WebGL.title) throw error;
      this.best = this.trials[0]; // the graphics processor is gone; typed arrays stay
      return this.best.engine.make(z, shares);
    }
  }

  close() {
    this.best.engine.close?.();
  }
}

function alike(a, b) {
  if (!a || !b) return a === b;
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function largestDifference(program, sample) {
  const { reference, shape } = program;
  let largest = 0;
  if (makesPoints(program)) {
    sample.forEach((value, i) => (largest = Math.max(largest, Math.abs(value - reference[i]))));
    return largest;
  }
  const [channels, height, width] = shape;
  const pixels = toPixels(sample, channels);
  for (let c = 0; c < channels; c += 1) {
    for (let i = 0; i < height * width; i += 1) {
      const difference = Math.abs(pixels[4 * i + c] - reference[c * height * width + i]);
      largest = Math.max(largest, difference);
    }
  }
  return largest;
}
