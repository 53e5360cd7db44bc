// What a discriminator says of samples, by the engine of plain typed arrays.
import { oneClass, readProgram, sampleInputOf } from "./program.js";
import { drawLatent } from "./random.js";
import { TypedArrays } from "./typed_arrays.js";

const NOISE_SEED = 0;
const LARGEST_LOGIT_ERROR = 0.02; // for logits of size 1: weights have half precision

export class Discriminator {
  // buffer: the file that gandash.browser.pack_discriminator wrote.
  constructor(buffer) {
    this.program = readProgram(buffer);
    this.engine = new TypedArrays(this.program);
    this.ms = this.check();
  }

  // Milliseconds of an opinion, on noise, when the browser has got used to it; an Error where that
  // is not torch's.
  check() {
    const { shape, reference } = this.program;
    const count = shape.reduce((product, side) => product * side, 1);
    const drawn = drawLatent(NOISE_SEED, count).map((value) => Math.min(1, Math.max(-1, value)));
    const shares = oneClass(this.program, 0);
    const noise = placesFirst(drawn, shape[0]);
    const logit = this.logit(noise, shares);
    const start = performance.now();
    this.logit(noise, shares);
    const ms = performance.now() - start;
    const error = Math.abs(logit - reference[0]);
    if (!(error <= LARGEST_LOGIT_ERROR * (1 + Math.abs(reference[0])))) {
      throw new Error(`D's opinion is wrong by ${error}: reload the page.`);
    }
    return ms;
  }

  // What a page needs to know: whether sigmoid of a logit is a probability, the logits of other
  // samples, lowest first, and how long an opinion takes.
  get facts() {
    const { probability, others } = this.program;
    return { probability, others, ms: this.ms };
  }

  // The logit of a sample's values (places, channels) in [-1, 1].
  logit(values, shares) {
    const outputs = this.engine.run(sampleInputOf(this.program, values, shares), shares);
    const highest = Math.max(...outputs);
    return highest + Math.log(outputs.reduce((sum, value) => sum + Math.exp(value - highest), 0));
  }
}

// Values (channels, places) as (places, channels).
function placesFirst(values, channels) {
  const places = values.length / channels;
  const at = (i) => (i % channels) * places + Math.floor(i / channels);
  return Float32Array.from(values, (_, i) => values[at(i)]);
}
