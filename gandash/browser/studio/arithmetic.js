// Arithmetic as in the DCGAN paper (Radford et al. 2016, arXiv:1511.06434): the mean of A minus the
// mean of B plus the mean of C; means of three are steadier than single vectors.
import { element } from "./elements.js";
import { combine, meanOf } from "./latents.js";
import { openSlot, slot } from "./slots.js";
import { nameOf } from "./tray.js";

const MOST_MEMBERS = 3;
const GROUPS = ["A", "B", "C"];
const SIGNS = [1, -1, 1];

export class Arithmetic {
  constructor(studio) {
    this.studio = studio;
    this.element = element("div", { className: "arithmetic" });
    this.output = element("output", { className: "reading" });
  }

  base() {
    const filled = this.studio.state.groups
      .map((group, number) => ({ group, sign: SIGNS[number] }))
      .filter(({ group }) => group.length);
    if (!filled.length) return this.studio.vector(0);
    const vectors = (group) => group.map((index) => this.studio.vector(index));
    const means = filled.map(({ group }) => meanOf(vectors(group)));
    return combine(means, filled.map(({ sign }) => sign));
  }

  build() {
    const { studio } = this;
    this.targets = [studio.target("main", studio.state.checkpoint)];
    const terms = GROUPS.flatMap((name, number) => {
      const sign = ["", "−", "+"][number];
      const term = this.group(name, number);
      return sign ? [element("span", { className: "sign" }, sign), term] : [term];
    });
    const result = element("div", { className: "stage small" }, this.targets[0].picture.canvas);
    this.element.replaceChildren(
      element("div", { className: "terms" }, ...terms),
      result,
      element("div", { className: "row under" }, this.output, ...studio.pictureTools()),
      element(
        "p", { className: "quiet" },
        "The mean of A minus the mean of B plus the mean of C. Choose one in the tray, then its "
          + "place here, or drag it; Delete takes it away.",
      ),
    );
    this.show();
  }

  group(name, number) {
    const { studio } = this;
    const members = studio.state.groups[number];
    const slots = members.map((index, place) =>
      slot(studio, {
        label: `${name}: ${nameOf(studio.state.tray[index], index)}. Delete takes it away`,
        index,
        place: (held) => (members[place] = held),
        press: () => {
          members.splice(place, 1);
          studio.rebuild();
        },
        remove: () => members.splice(place, 1),
      }),
    );
    if (members.length < MOST_MEMBERS) {
      slots.push(openSlot(studio, `Add to ${name}`, (index) => members.push(index)));
    }
    const list = element("div", { className: "members" }, ...slots);
    const properties = { className: "group", role: "group", "aria-label": name };
    return element("div", properties, element("b", {}, name), list);
  }

  key() {
    return false;
  }

  show() {
    this.output.textContent = this.studio.lengthText();
  }
}
