// A list to choose from with its name before it; `choose` is told the place of what is chosen.
import { element } from "./elements.js";

export function select(title, options, chosen, choose) {
  const list = element("select", { "aria-label": title });
  options.forEach((option, place) => list.append(element("option", { value: place }, option)));
  list.value = chosen;
  list.addEventListener("change", () => choose(Number(list.value)));
  return element("label", { className: "field-row" }, element("span", {}, title), list);
}
