// A strip of what a slider does to the picture that is shown: seven pictures from one of its ends
// to the other, made when nothing else is.
import { element } from "./elements.js";

const STRIP_VALUES = [-3, -2, -1, 0, 1, 2, 3];

export class Strip {
  constructor(studio, name) {
    this.studio = studio;
    this.name = name;
    this.pictures = STRIP_VALUES.map(() => studio.picture(studio.state.checkpoint, ""));
    const canvases = this.pictures.map(({ canvas }) => canvas);
    this.element = element("div", { className: "strip", "aria-hidden": "true" }, ...canvases);
  }

  // vectorAt: the latent where the slider is at a value.
  draw(vectorAt) {
    const { studio, name } = this;
    this.pictures.forEach((picture, place) => {
      const z = vectorAt(STRIP_VALUES[place]);
      studio.background(`${name} ${place}`, z, picture).catch(studio.fail);
    });
  }
}
