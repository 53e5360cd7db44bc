// A generator under the pointer: every place of the picture is a point between four latent vectors.
// The mouse need not be pressed; a finger that moves sideways does the same, and one that moves up
// or down scrolls the page.
import { loaderFromServer } from "../runtime/from_server.js";
import { drawLatent } from "../runtime/random.js";
import { element } from "../studio/elements.js";
import { oneOf, plane } from "../studio/latents.js";
import { Picture } from "../studio/picture.js";
import { Surface } from "../studio/surface.js";

const HAND_RESTS_MS = 250;
const HAND_PARAMETERS = ["gallery_x", "gallery_y"];

// data: { name, title, shape, seeds, poster, worker }; here: the address of this script. `poster`
// is the picture of the middle, which is there before the weights are.
export async function mountHand(root, data, here) {
  const hand = new Hand(root, data);
  hand.open(loaderFromServer(here, data.worker));
  return hand;
}

class Hand {
  constructor(root, data) {
    this.data = data;
    this.picture = new Picture(data.shape, "");
    const poster = new URL(data.poster, document.baseURI).href;
    this.picture.canvas.style.backgroundImage = `url("${poster}")`;
    this.told = element("output", {}, "Its weights are on the way.");
    const label = `${data.title} under the hand: arrow keys move the point between four samples`;
    const move = (x, y) => this.move(x, y);
    this.surface = new Surface(this.picture, label, move, { hovers: true });
    root.replaceChildren(element("div", { className: "hand" }, this.surface.element, this.told));
    this.restore = () => this.show();
    window.addEventListener("popstate", this.restore);
    this.show();
  }

  close() {
    clearTimeout(this.resting);
    window.removeEventListener("popstate", this.restore);
    this.generator?.close();
  }

  async open(load) {
    try {
      const { generator, note } = await load(this.data.name);
      this.generator = generator;
      this.note = note;
      this.corners = this.data.seeds.map((seed) => drawLatent(seed, generator.latent));
      this.draw();
    } catch (error) {
      this.told.textContent = error.message;
    }
  }

  move(x, y) {
    [this.x, this.y] = [x, y].map((share) => Math.min(Math.max(share, 0), 1));
    this.surface.show(this.x, this.y);
    this.draw();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.write(), HAND_RESTS_MS);
  }

  // Where the link says, the middle if it says nothing; newer data changes nothing.
  show() {
    const asked = new URLSearchParams(window.location.search);
    const places = HAND_PARAMETERS.map((name) => Number(asked.get(name) ?? 0.5));
    [this.x, this.y] = places.map((share) => (share >= 0 && share <= 1 ? share : 0.5));
    this.surface.show(this.x, this.y);
    this.draw();
  }

  write() {
    const values = [this.x, this.y].map((share) => share.toFixed(2));
    const pairs = HAND_PARAMETERS.map((name, place) => [name, values[place]]);
    window.gandashEntries?.placeAll(new Map(pairs), false);
  }

  async draw() {
    const { generator } = this;
    if (!generator) return;
    const shares = oneOf(generator, 0);
    const z = plane(this.corners, this.x, this.y, "spherical");
    try {
      const made = await generator.follow("hand", z, shares);
      if (!made) return; // a newer one is under way
      this.picture.draw(made.sample);
      this.told.textContent = this.note || `Drawn by your machine, ${made.ms.toFixed(1)} ms each.`;
    } catch (error) {
      this.told.textContent = error.message;
    }
  }
}
