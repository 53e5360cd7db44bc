// Arithmetic of latent vectors (Float32Array). The same formulas as gandash.latent in Python, in
// double precision, rounded at the end.

export function lengthOf(z) {
  return Math.sqrt(z.reduce((sum, value) => sum + value * value, 0));
}

// Sum of vectors, each times its factor.
export function combine(vectors, factors) {
  return Float32Array.from(vectors[0], (_, i) =>
    vectors.reduce((sum, vector, k) => sum + factors[k] * vector[i], 0),
  );
}

export function lerp(a, b, t) {
  return combine([a, b], [1 - t, t]);
}

// Great circle: the direction turns at constant speed, the length changes linearly (Shoemake 1985;
// White 2016, arXiv:1609.04468). Opposite vectors have no one great circle: an Error says so.
export function slerp(a, b, t) {
  const lengthA = lengthOf(a);
  const lengthB = lengthOf(b);
  if (!(lengthA > 0 && lengthB > 0)) return lerp(a, b, t);
  let apart = 0;
  let together = 0;
  for (let i = 0; i < a.length; i += 1) {
    const u = a[i] / lengthA;
    const v = b[i] / lengthB;
    apart += (u - v) ** 2;
    together += (u + v) ** 2;
  }
  const omega = 2 * Math.atan2(Math.sqrt(apart), Math.sqrt(together));
  if (omega < 1e-6) return lerp(a, b, t);
  if (omega > Math.PI - 1e-6) {
    throw new Error("A great circle needs ends that are not opposite: choose others, or lerp.");
  }
  const length = (1 - t) * lengthA + t * lengthB;
  const scale = length / Math.sin(omega);
  const left = (Math.sin((1 - t) * omega) * scale) / lengthA;
  const right = (Math.sin(t * omega) * scale) / lengthB;
  return combine([a, b], [left, right]);
}

// The point (x, y) in [0, 1] of the plane of four corners: top left, top right, bottom left, bottom
// right. Spherical: along great circles above and below, then between them.
export function plane([a, b, c, d], x, y, how) {
  const between = how === "spherical" ? slerp : lerp;
  return between(between(a, b, x), between(c, d, x), y);
}

// z at another length; 0 has no direction and stays.
export function atLength(z, length) {
  const own = lengthOf(z);
  return own > 0 ? z.map((value) => (value * length) / own) : z;
}

export function meanOf(vectors) {
  return combine(vectors, vectors.map(() => 1 / vectors.length));
}

// The point at t in [0, 1] of a path through keyframes. Each takes the same time; `ease` slows down
// at each keyframe; `hold` in [0, 1) is the share of each part in which it rests at its keyframe.
export function along(keys, t, { how, closed, ease, hold }) {
  const parts = closed ? keys.length : keys.length - 1;
  if (parts < 1) return keys[0];
  const at = Math.min(t, 1) * parts;
  const part = Math.min(Math.floor(at), parts - 1);
  let share = at - part;
  share = hold < 1 ? Math.max(0, (share - hold) / (1 - hold)) : 0;
  if (ease) share = share * share * (3 - 2 * share);
  const between = how === "lerp" ? lerp : slerp;
  return between(keys[part], keys[(part + 1) % keys.length], share);
}

// Density of the length of Gaussian vectors of so many entries (chi distribution), highest 1.
export function lengthDensity(length, size) {
  if (length <= 0) return size === 1 ? 1 : 0;
  const mode = Math.sqrt(Math.max(size - 1, 0));
  const logOf = (r) => (size - 1) * Math.log(r) - (r * r) / 2;
  return Math.exp(logOf(length) - (mode > 0 ? logOf(mode) : 0));
}

// The shares of a generator's classes where one is asked for; null where it knows none.
export function oneOf({ classes }, label) {
  return classes ? Float32Array.from({ length: classes }, (_, i) => Number(i === label)) : null;
}
