// A picture under the hand: the place of the pointer, a finger or the arrow keys on it is a point
// of the pad, x from left to right and y from top to bottom, 0 to 1.
import { element } from "./elements.js";

const STEP = 0.01; // of an arrow key
const LARGE_STEP = 0.1; // with shift

export class Surface {
  // hovers: a mouse moves the point without being pressed.
  constructor(picture, label, move, { hovers = false } = {}) {
    this.move = move;
    this.hovers = hovers;
    this.ring = element("span", { className: "ring", "aria-hidden": "true" });
    this.element = element(
      "div",
      {
        className: "surface", tabIndex: 0, role: "application", "aria-label": label,
        "aria-roledescription": "pad",
      },
      picture.canvas,
      this.ring,
    );
    this.listen();
  }

  listen() {
    const { element: pad } = this;
    const moveUnder = (event) => {
      const box = pad.getBoundingClientRect();
      this.move((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    };
    pad.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      pad.setPointerCapture(event.pointerId);
      this.held = true;
      moveUnder(event);
    });
    pad.addEventListener("pointermove", (event) => {
      if (this.held || (this.hovers && event.pointerType === "mouse")) moveUnder(event);
    });
    const release = () => (this.held = false);
    pad.addEventListener("pointerup", release);
    pad.addEventListener("pointercancel", release);
    pad.addEventListener("keydown", (event) => this.step(event));
  }

  step(event) {
    const directions = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    };
    const direction = directions[event.key];
    if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const step = event.shiftKey ? LARGE_STEP : STEP;
    this.move(this.x + step * direction[0], this.y + step * direction[1]);
  }

  // Where the point is.
  show(x, y) {
    this.x = x;
    this.y = y;
    this.ring.style.left = `${100 * x}%`;
    this.ring.style.top = `${100 * y}%`;
  }
}
