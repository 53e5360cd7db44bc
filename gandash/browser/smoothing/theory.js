// Two mixtures of Gaussians on a line: the best D with smoothed targets, and its pull on G, in
// closed form, as in gandash/theory/mixtures.py. A mixture is a list of { mean, std, weight }.

export const PEAK_LIMITS = { mean: [-6, 6], std: [0.2, 3], weight: [0.05, 1] };
export const MOST_PEAKS = 3;
const ROOT_OF_2_PI = Math.sqrt(2 * Math.PI);

export function clamped([low, high], value) {
  return Math.min(high, Math.max(low, value));
}

// The parts of log p at x and their slopes, one of each peak.
function peakTerms(mixture, x) {
  const total = mixture.reduce((sum, { weight }) => sum + weight, 0);
  return mixture.map(({ mean, std, weight }) => {
    const z = (x - mean) / std;
    return { log: Math.log(weight / total / (std * ROOT_OF_2_PI)) - (z * z) / 2, slope: -z / std };
  });
}

export function logDensityOf(mixture, x) {
  const logs = peakTerms(mixture, x).map(({ log }) => log);
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0));
}

export function logSlopeOf(mixture, x) {
  const whole = logDensityOf(mixture, x);
  return peakTerms(mixture, x).reduce(
    (sum, { log, slope }) => sum + Math.exp(log - whole) * slope,
    0,
  );
}

// D*(x) = beta + (1 - alpha - beta) sigmoid(log p_data - log p_g).
export function bestD(real, fake, x, alpha, beta) {
  const odds = logDensityOf(real, x) - logDensityOf(fake, x);
  return beta + (1 - alpha - beta) / (1 + Math.exp(-odds));
}

// d/dx log D*(x): what a sample of the non-saturating G follows.
export function pullOf(real, fake, x, alpha, beta) {
  const hard = bestD(real, fake, x, 0, 0);
  const kept = beta ? hard / (hard + beta / (1 - alpha - beta)) : 1;
  return (1 - hard) * kept * (logSlopeOf(real, x) - logSlopeOf(fake, x));
}

// The entropy of a target in nats: the floor of D's loss is that of alpha and of beta together.
export function binaryEntropy(p) {
  return p > 0 && p < 1 ? -p * Math.log(p) - (1 - p) * Math.log(1 - p) : 0;
}

// Places of a mixture that have (k + 1/2) / count of its mass to their left.
export function quantilesOf(mixture, count, places) {
  const step = places[1] - places[0];
  const found = [];
  let mass = 0;
  for (const x of places) {
    mass += Math.exp(logDensityOf(mixture, x)) * step;
    while (found.length < count && mass >= (found.length + 0.5) / count) found.push(x);
  }
  return found;
}

export function mixtureText(mixture) {
  return mixture.map((it) => [it.mean, it.std, it.weight].map(shortText).join("_")).join("*");
}

export function shortText(value) {
  return String(Number(value.toFixed(2)));
}

// A mixture as a link has it; null if it is none.
export function readMixture(text) {
  const peaks = text.split("*").map((part) => {
    const numbers = part.split("_").map((it) => (it.trim() === "" ? NaN : Number(it)));
    const [mean, std, weight] = numbers;
    return numbers.length === 3 ? { mean, std, weight } : null;
  });
  const fits = (peak) =>
    peak &&
    Object.entries(PEAK_LIMITS).every(
      ([name, [low, high]]) => peak[name] >= low && peak[name] <= high,
    );
  return peaks.length <= MOST_PEAKS && peaks.every(fits) ? peaks : null;
}
