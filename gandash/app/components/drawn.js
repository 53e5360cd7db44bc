// Points that are drawn on a square of 64 x 64 cells, two letters each. The server hears of a stroke
// when it ends; what stands there is what the server says, so that a link shows it too.
const papers = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let paper = papers.get(parentElement);
  if (!paper) {
    paper = new Paper(parentElement.querySelector(".drawn"));
    papers.set(parentElement, paper);
  }
  paper.tell = (letters) => setTriggerValue("letters", letters);
  paper.show(data);
  return () => papers.delete(parentElement);
}

const SCALE = 5; // pixels of the canvas a cell
const APART = 2; // cells between the points of a stroke

class Paper {
  constructor(root) {
    this.canvas = root.querySelector("canvas");
    this.told = root.querySelector("output");
    this.strokes = []; // of points [column, row from the bottom]
    this.cursor = null; // shown once a key has moved it
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(end, () => this.end());
    }
    this.canvas.addEventListener("keydown", (event) => this.press(event));
    root.addEventListener("click", (event) => this.does(event.target.dataset.does));
  }

  show({ letters, alphabet, most }) {
    this.alphabet = alphabet;
    this.most = most;
    this.side = alphabet.length;
    this.canvas.width = SCALE * this.side;
    this.canvas.height = SCALE * this.side;
    if (letters !== this.letters) {
      const places = [...letters].map((letter) => alphabet.indexOf(letter));
      const count = Math.floor(places.length / 2);
      this.strokes = [Array.from({ length: count }, (_, i) => places.slice(2 * i, 2 * i + 2))];
    }
    this.paint();
  }

  get points() {
    return this.strokes.flat();
  }

  get letters() {
    return this.points.map((point) => point.map((at) => this.alphabet[at]).join("")).join("");
  }

  paint() {
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.fillStyle = style.accentColor;
    for (const [column, row] of this.points) {
      context.beginPath();
      context.arc(...this.middle(column, row), 0.8 * SCALE, 0, 2 * Math.PI);
      context.fill();
    }
    if (this.cursor) {
      context.strokeStyle = style.color;
      context.beginPath();
      context.arc(...this.middle(...this.cursor), 1.6 * SCALE, 0, 2 * Math.PI);
      context.stroke();
    }
    this.told.textContent = `${this.points.length} points`;
  }

  middle(column, row) {
    return [(column + 0.5) * SCALE, (this.side - row - 0.5) * SCALE];
  }

  begin(event) {
    if (event.button) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.cursor = null;
    this.strokes.push([]);
    this.drawing = true;
    this.go(event);
  }

  go(event) {
    if (!this.drawing) return;
    const { left, top, width } = this.canvas.getBoundingClientRect();
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const each of passed.length ? passed : [event]) {
      const column = Math.floor(((each.clientX - left) / width) * this.side);
      const row = this.side - 1 - Math.floor(((each.clientY - top) / width) * this.side);
      this.add(column, row);
    }
    this.paint();
  }

  // A point, if it is on the paper and not on top of the stroke's last one.
  add(column, row) {
    const within = [column, row].every((at) => at >= 0 && at < this.side);
    const stroke = this.strokes.at(-1);
    const last = stroke.at(-1);
    const apart = !last || Math.hypot(last[0] - column, last[1] - row) >= APART;
    if (within && apart && this.points.length < this.most) stroke.push([column, row]);
  }

  end() {
    if (!this.drawing) return;
    this.drawing = false;
    this.rest();
  }

  // The server hears of what stands here; of an empty paper it hears nothing.
  rest() {
    this.strokes = this.strokes.filter((stroke) => stroke.length);
    this.paint();
    if (this.strokes.length) this.tell(this.letters);
  }

  press(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const step = steps[event.key];
    if (!step && event.key !== " ") return;
    event.preventDefault();
    const within = (at) => Math.min(Math.max(at, 0), this.side - 1);
    const from = this.cursor ?? [this.side / 2, this.side / 2];
    const far = event.shiftKey ? 5 : 1;
    this.cursor = step ? from.map((at, axis) => within(at + far * step[axis])) : from;
    if (step) {
      this.paint();
      return;
    }
    this.strokes.push([]);
    this.add(...this.cursor);
    this.rest();
  }

  does(what) {
    if (what === "undo") this.strokes.pop();
    else if (what === "clear") this.strokes = [];
    else return;
    this.rest();
  }
}
