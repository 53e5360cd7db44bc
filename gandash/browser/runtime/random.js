// NumPy's frozen RandomState, so that a seed is the same picture in Python and in the browser:
// MT19937 (Matsumoto and Nishimura 1998) seeded with one number, Gaussians by the polar method.

const STATE_WORDS = 624;
const MIDDLE = 397;

export class RandomState {
  // seed: a whole number from 0 to 2^32 - 1
  constructor(seed) {
    this.words = new Uint32Array(STATE_WORDS);
    this.place = STATE_WORDS;
    this.spare = null; // the polar method makes two at a time
    this.words[0] = seed;
    for (let i = 1; i < STATE_WORDS; i += 1) {
      const last = this.words[i - 1];
      this.words[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
    }
  }

  // 32 random bits
  bits() {
    if (this.place === STATE_WORDS) this.refill();
    let word = this.words[this.place];
    this.place += 1;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  refill() {
    const { words } = this;
    for (let i = 0; i < STATE_WORDS; i += 1) {
      const next = words[(i + 1) % STATE_WORDS];
      const joined = (words[i] & 0x80000000) | (next & 0x7fffffff);
      const twist = joined & 1 ? 0x9908b0df : 0;
      words[i] = words[(i + MIDDLE) % STATE_WORDS] ^ (joined >>> 1) ^ twist;
    }
    this.place = 0;
  }

  // uniform in [0, 1), with 53 bits
  uniform() {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  normal() {
    if (this.spare !== null) {
      const spare = this.spare;
      this.spare = null;
      return spare;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square < 1 && square !== 0) {
        const factor = Math.sqrt((-2 * Math.log(square)) / square);
        this.spare = factor * x;
        return factor * y;
      }
    }
  }
}

// The first latent vector of a seed: what latent.draw(seed, 1, size) is in Python.
export function drawLatent(seed, size) {
  const random = new RandomState(seed);
  return Float32Array.from({ length: size }, () => random.normal());
}
