// What D says of the pictures under the hand: D(G(z)), and where that is among D's opinions of
// other pictures of the same generator.
import { element } from "./elements.js";

const SVG_NAMES = "http://www.w3.org/2000/svg";
const RUG = { width: 300, height: 14 };
const SLOW_MS = 60; // an opinion that takes longer waits until the hand rests

export class Opinions {
  constructor(studio) {
    this.studio = studio;
    this.admitted = new Map(); // Promises by name of a checkpoint
  }

  // Whether there are discriminators at all where the studio is.
  get possible() {
    return Boolean(this.studio.host.discriminator);
  }

  // Turns opinions on and off.
  box() {
    if (!this.possible) return [];
    const { studio } = this;
    const input = element("input", { type: "checkbox", checked: studio.state.opinion });
    input.addEventListener("change", () => {
      studio.act({ opinion: input.checked });
      studio.rebuild();
    });
    return [element("label", { className: "box" }, input, "D’s opinion")];
  }

  // The place of the opinion of a target's picture.
  line(target) {
    if (!this.possible || !this.studio.state.opinion) return [];
    target.opinion = { text: element("output", {}, "D is being loaded …"), rug: rug() };
    const { text, rug: marks } = target.opinion;
    return [element("div", { className: "opinion" }, marks.row, text)];
  }

  // A picture was drawn: an opinion that takes long is no longer that of the picture.
  follow(target, z) {
    if (!target.opinion) return;
    const { discriminator } = target.generator;
    if (discriminator && discriminator.ms <= SLOW_MS) this.ask(target, z);
    else target.opinion.text.classList.add("late");
  }

  // The hand has come to rest.
  rest(targets, z) {
    targets.filter(({ opinion }) => opinion).forEach((target) => this.ask(target, z));
  }

  async ask(target, z) {
    const { generator, key, opinion } = target;
    try {
      await this.admit(target.name, generator);
      const shares = this.studio.shares(generator);
      const latent = this.studio.told(generator, z);
      const said = await generator.judge(`${key} opinion`, latent, shares);
      if (said) show(opinion, said.logit, generator.discriminator);
    } catch (error) {
      opinion.text.textContent = `D has no opinion here: ${error.message}.`;
    }
  }

  admit(name, generator) {
    if (!this.admitted.has(name)) {
      const admitting = this.studio.host.discriminator(name).then((it) => generator.admit(it));
      this.admitted.set(name, admitting);
    }
    return this.admitted.get(name);
  }
}

// What a logit is in words: its value, and how many of 100 others it is above.
export function opinionText(logit, { probability, others }) {
  const below = others.filter((other) => other < logit).length;
  const rank = `above ${Math.round((100 * below) / others.length)} of 100 of its pictures`;
  if (!probability) return `D scores it ${logit.toFixed(2)}, ${rank}`;
  return `D(G(z)) ${probabilityText(sigmoid(logit))}, ${rank}`;
}

function probabilityText(share) {
  if (share < 0.001) return "< 0.001";
  if (share > 0.999) return "> 0.999";
  return share.toFixed(3);
}

function sigmoid(logit) {
  return 1 / (1 + Math.exp(-logit));
}

function show({ text, rug: marks }, logit, facts) {
  text.textContent = opinionText(logit, facts);
  text.classList.remove("late");
  marks.draw(logit, facts);
}

// A line with a mark for each of the others' opinions, and one for this, between its ends: 0 and 1,
// or the lowest and the highest score.
function rug() {
  const labels = [element("span"), element("span")];
  const svg = document.createElementNS(SVG_NAMES, "svg");
  svg.setAttribute("viewBox", `0 0 ${RUG.width} ${RUG.height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  let drawnOf = null;
  const own = mark("own");
  const draw = (logit, { probability, others }) => {
    const value = probability ? sigmoid : (score) => score;
    const ends = probability ? [0, 1] : [others[0], others.at(-1)];
    const place = (score) => {
      const share = (value(score) - ends[0]) / (ends[1] - ends[0] || 1);
      return 1 + Math.min(1, Math.max(0, share)) * (RUG.width - 2);
    };
    if (drawnOf !== others) {
      ends.forEach((end, side) => (labels[side].textContent = end.toFixed(probability ? 0 : 1)));
      svg.replaceChildren(...Array.from(others, (other) => mark("other", place(other))), own);
      drawnOf = others;
    }
    own.setAttribute("x1", place(logit).toFixed(1));
    own.setAttribute("x2", place(logit).toFixed(1));
  };
  const title = "Each mark is what D says of another picture of this generator";
  const row = element("div", { className: "rug", title }, labels[0], svg, labels[1]);
  return { row, draw };
}

function mark(name, x = 0) {
  const line = document.createElementNS(SVG_NAMES, "line");
  const places = { x1: x.toFixed(1), x2: x.toFixed(1), y1: 0, y2: RUG.height, class: name };
  Object.entries(places).forEach(([key, at]) => line.setAttribute(key, at));
  return line;
}
