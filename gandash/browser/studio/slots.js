// Slots: places that take a latent from the tray. Click (or Enter on) one in the tray and then a
// slot, or drag it there.
import { element } from "./elements.js";

export const DRAGGED = "text/x-gandash-latent";

// A slot with the picture of the tray's entry `index`. `place` is told which entry it takes;
// `press` what happens where nothing is held; `remove` empties it where that can be.
export function slot(studio, { label, index, place, press, remove }) {
  const canvas = studio.thumbnail(index, label);
  const chosen = element(
    "button",
    { type: "button", className: "slot", title: label, "aria-label": label },
    canvas,
  );
  const take = (held) => {
    place(held);
    studio.rebuild();
  };
  chosen.addEventListener("click", () => {
    if (studio.held === null) press?.();
    else take(studio.release());
  });
  chosen.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
  });
  chosen.addEventListener("drop", (event) => {
    event.preventDefault();
    studio.release();
    take(Number(event.dataTransfer.getData(DRAGGED)));
  });
  if (remove) {
    chosen.addEventListener("keydown", (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      remove();
      studio.rebuild();
    });
  }
  return chosen;
}

// A place for one more. It takes what is held, or the newest of the tray.
export function openSlot(studio, label, place) {
  const plus = element("button", { type: "button", className: "slot open", title: label }, "+");
  plus.setAttribute("aria-label", label);
  const take = (index) => {
    place(index);
    studio.rebuild();
  };
  plus.addEventListener("click", () => take(studio.release() ?? studio.state.tray.length - 1));
  plus.addEventListener("dragover", (event) => event.preventDefault());
  plus.addEventListener("drop", (event) => {
    event.preventDefault();
    studio.release();
    take(Number(event.dataTransfer.getData(DRAGGED)));
  });
  return plus;
}
