// Ways to move a latent other than the hand: along the directions that matter most to the picture,
// toward classes of the data, or by single numbers. One of them is shown at a time.
import { DimensionsTool } from "./dimensions.js";
import { choice, element } from "./elements.js";
import { PrincipalTool } from "./principal.js";
import { SwaysTool } from "./styles.js";
import { TowardTool } from "./toward.js";

const WAYS = { principal: "Principal", sways: "Styles", classes: "Classes", numbers: "Numbers" };

export class Moves {
  constructor(studio) {
    this.studio = studio;
    this.tools = {
      ...(studio.directions.length ? { principal: new PrincipalTool(studio) } : {}),
      ...(studio.generator.sways ? { sways: new SwaysTool(studio) } : {}),
      ...(studio.towardPossible ? { classes: new TowardTool(studio) } : {}),
      numbers: new DimensionsTool(studio),
    };
    const names = Object.keys(this.tools);
    const ways = Object.fromEntries(names.map((name) => [name, WAYS[name]]));
    const chosen = choice("Directions", ways, this.shown, (moves) => this.turnTo(moves));
    chosen.row.hidden = names.length < 2;
    const panels = Object.values(this.tools).map((tool) => tool.element);
    this.element = element(
      "section", { className: "tool directions" },
      element("h2", {}, "Directions"), chosen.row, ...panels,
    );
    this.reveal();
  }

  get shown() {
    const { moves } = this.studio.state;
    return this.tools[moves] ? moves : Object.keys(this.tools)[0];
  }

  turnTo(moves) {
    this.studio.act({ moves });
    this.reveal();
  }

  reveal() {
    Object.entries(this.tools).forEach(([name, tool]) => {
      tool.element.hidden = name !== this.shown;
    });
  }

  show() {
    this.tools[this.shown].show?.();
  }

  rest() {
    this.tools[this.shown].rest();
  }
}
