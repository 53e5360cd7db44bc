// The lines of a picture, as they were taken from the photographs that a network learned from
// (gandash/data/pairing.py).
const STEEPEST = 4 * 255; // what Sobel's operator gives for a step from black to white
const LEAST = 0.2; // of it: fainter edges are not drawn
const ACROSS = [
  [0, 1],
  [1, 1],
  [1, 0],
  [1, -1],
]; // the place beside one, down and right, by the direction of its slope in eighths of a turn

// Gray levels (side * side) of 0 to 255, whole numbers, to black lines on white: where Sobel's
// slope is steep and no place beside it across the line is steeper (the thinning of Canny 1986).
export function edgesOf(levels, side) {
  const within = (value) => Math.min(Math.max(value, 0), side - 1);
  const at = (y, x) => levels[within(y) * side + within(x)];
  const steep = new Float64Array(side * side); // squared
  const toward = new Uint8Array(side * side);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const column = (by) => at(y - 1, x + by) + 2 * at(y, x + by) + at(y + 1, x + by);
      const row = (by) => at(y + by, x - 1) + 2 * at(y + by, x) + at(y + by, x + 1);
      const [right, down] = [column(1) - column(-1), row(1) - row(-1)];
      steep[y * side + x] = right ** 2 + down ** 2;
      toward[y * side + x] = (Math.round(Math.atan2(down, right) / (Math.PI / 4)) + 8) % 4;
    }
  }
  const of = (y, x) => (y === within(y) && x === within(x) ? steep[y * side + x] : 0);
  return Uint8Array.from(steep, (it, place) => {
    const [y, x] = [Math.floor(place / side), place % side];
    const [down, right] = ACROSS[toward[place]];
    const thin = it >= of(y - down, x - right) && it > of(y + down, x + right);
    return thin && it > (LEAST * STEEPEST) ** 2 + 1e-6 ? 0 : 255;
  });
}
