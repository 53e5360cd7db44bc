// A grid of pictures of which one is picked: with the pointer, or with the arrow keys and Enter.
// The server hears of a pick; what is picked is what the server says, so that a link shows it too.
const instances = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let tiles = instances.get(parentElement);
  if (!tiles) {
    tiles = new Tiles(parentElement.querySelector(".tiles"));
    instances.set(parentElement, tiles);
  }
  tiles.pick = (index) => setTriggerValue("pick", index);
  tiles.show(data);
  return () => instances.delete(parentElement);
}

class Tiles {
  constructor(root) {
    this.image = root.querySelector("img");
    this.list = root.querySelector(".cells");
    this.root = root;
    this.list.addEventListener("click", (event) => this.choose(event.target.closest(".cell")));
    this.list.addEventListener("keydown", (event) => this.step(event));
  }

  show(data) {
    this.data = data;
    if (this.image.getAttribute("src") !== data.image) this.image.src = data.image;
    this.list.setAttribute("aria-label", data.label);
    this.root.style.setProperty("--columns", data.columns);
    if (this.list.children.length !== data.count) this.build(data.count);
    [...this.list.children].forEach((cell, index) => {
      cell.setAttribute("aria-selected", String(index === data.picked));
      cell.tabIndex = index === Math.max(0, data.picked) ? 0 : -1;
    });
    this.root.dataset.ready = "true";
  }

  build(count) {
    const cells = Array.from({ length: count }, (_, index) => {
      const cell = document.createElement("button");
      cell.type = "button";
      cell.className = "cell";
      cell.setAttribute("role", "option");
      cell.setAttribute("aria-label", `Sample ${index + 1}`);
      return cell;
    });
    this.list.replaceChildren(...cells);
  }

  choose(cell) {
    const index = [...this.list.children].indexOf(cell);
    if (index >= 0 && index !== this.data.picked) this.pick(index);
  }

  // Arrow keys move the focus alone; Enter and space click the tile that has it.
  step(event) {
    const { columns, count } = this.data;
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const cells = [...this.list.children];
    const target = cells.indexOf(event.target) + (moves[event.key] ?? NaN);
    if (!(target >= 0 && target < count)) return;
    event.preventDefault();
    cells.forEach((cell, index) => (cell.tabIndex = index === target ? 0 : -1));
    cells[target].focus();
  }
}
