// Single numbers of z, ranked by how much they move the picture, each with a slider and a strip.
import { button, element, slider } from "./elements.js";
import { oneOf } from "./latents.js";
import { Strip } from "./strip.js";
import { drawLatent } from "../runtime/random.js";

const SHOWN_DIMENSIONS = 8;
const MOVED_TO = 2; // the two values between which a picture is seen to move
const RANKING_SEEDS = [0, 1, 2, 3]; // latents of which each number is moved

export class DimensionsTool {
  constructor(studio) {
    this.studio = studio;
    this.known = studio.rankings.get(studio.state.checkpoint) ?? null;
    this.list = element("div", { className: "dimension-list" });
    const count = studio.generator.latent;
    this.starter = button(`Rank all ${count}`, () => this.rank());
    this.progress = element("output", { className: "quiet" });
    this.reset = button("Reset", () => this.free());
    this.element = element(
      "div", { className: "moves" },
      element(
        "p", { className: "quiet" },
        `Single numbers of z, by how far the pixels move from −${MOVED_TO} to ${MOVED_TO}.`,
      ),
      this.list,
      element("div", { className: "row" }, this.starter, this.reset, this.progress),
    );
    this.build();
  }

  // A row for each of the first, and for each that was moved.
  build() {
    const first = (this.known ?? []).slice(0, SHOWN_DIMENSIONS);
    const { dims } = this.studio.state;
    const others = dims.filter(([place]) => !first.some((each) => each.place === place));
    const wanted = [...first, ...others.map(([place]) => ({ place, effect: null }))];
    this.rows = wanted.map((each) => this.row(each));
    this.list.replaceChildren(...this.rows.map(({ row }) => row));
    this.starter.hidden = this.known !== null;
    this.reset.hidden = !this.rows.length;
  }

  row({ place, effect }) {
    const { studio } = this;
    const title = `z[${place}]`;
    const about = effect === null ? title : `${title}: moves pixels by ${effect.toFixed(1)} of 255`;
    const { row, set } = slider(
      title, { min: -3, max: 3, step: 0.05, value: studio.point()[place] },
      (value) => value.toFixed(1), (value) => this.pin(place, value),
    );
    row.title = about;
    const strip = new Strip(studio, title);
    const bar = element("div", { className: "effect", "aria-hidden": "true" });
    const most = this.known?.[0].effect || 1;
    bar.style.width = `${(100 * (effect ?? 0)) / most}%`;
    const whole = element("div", { className: "direction" }, row, bar, strip.element);
    return { row: whole, set, strip, place };
  }

  pin(place, value) {
    const others = this.studio.state.dims.filter(([other]) => other !== place);
    this.studio.change({ dims: [...others, [place, value]] });
  }

  free() {
    this.studio.act({ dims: [] });
    this.build();
  }

  // Moves each number of a few latents and looks how far the picture goes.
  async rank() {
    const { studio } = this;
    const { generator } = studio;
    const { checkpoint } = studio.state;
    this.starter.disabled = true;
    const effects = new Float64Array(generator.latent);
    try {
      for (let place = 0; place < generator.latent; place += 1) {
        for (const seed of RANKING_SEEDS) {
          const z = drawLatent(seed, generator.latent);
          const shares = oneOf(generator, seed % Math.max(generator.classes, 1));
          const ends = await Promise.all([-MOVED_TO, MOVED_TO].map((value) =>
            generator.follow(`${value} of ranking`, withNumber(z, place, value), shares, {
              calm: true,
            }),
          ));
          effects[place] += effectOf(ends[0].sample, ends[1].sample) / RANKING_SEEDS.length;
        }
        if (!this.element.isConnected) return; // another checkpoint was chosen
        this.progress.textContent = `${place + 1} of ${generator.latent}`;
      }
    } catch (error) {
      studio.fail(error);
      this.starter.disabled = false;
      return;
    }
    const ranked = Array.from(effects, (effect, place) => ({ place, effect }));
    ranked.sort((a, b) => b.effect - a.effect);
    studio.rankings.set(checkpoint, ranked);
    this.known = ranked;
    this.progress.textContent = "";
    this.build();
    this.rest();
  }

  show() {
    const z = this.studio.point();
    this.rows.forEach(({ set, place }) => set(z[place]));
  }

  rest() {
    const z = this.studio.point();
    this.rows.forEach(({ strip, place }) => strip.draw((value) => withNumber(z, place, value)));
  }
}

// z with another number at a place.
export function withNumber(z, place, value) {
  const moved = Float32Array.from(z);
  moved[place] = value;
  return moved;
}

// How far two samples are from each other: the root of the mean squared difference of their pixels
// (alpha is the same in all), or of the numbers of points.
export function effectOf(a, b) {
  const pixels = a instanceof Uint8ClampedArray || a instanceof Uint8Array;
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum / (pixels ? (3 * a.length) / 4 : a.length));
}
