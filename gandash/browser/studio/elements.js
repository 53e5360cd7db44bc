// Building pages: one function for elements, one for buttons.

// An element with properties (data-*, aria-*, role as attributes, on* as listeners) and children.
export function element(tag, properties = {}, ...children) {
  const result = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) result.addEventListener(name.slice(2), value);
    else if (name.includes("-") || name === "role") result.setAttribute(name, value);
    else result[name] = value;
  }
  result.append(...children);
  return result;
}

export function button(text, onclick, properties = {}) {
  return element("button", { type: "button", onclick, ...properties }, text);
}

// A range with its name before it and what it stands at behind it, in the words of `say`.
export function slider(title, { min, max, step, value }, say, oninput) {
  const output = element("output", {}, say(value));
  const input = element("input", { type: "range", min, max, step, "aria-label": title });
  input.value = value;
  const tell = () => {
    output.textContent = say(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    tell();
    oninput(Number(input.value));
  });
  tell();
  const set = (number) => {
    input.value = number;
    tell();
  };
  const row = element("label", { className: "slider" }, element("span", {}, title), input, output);
  return { row, input, set };
}

// Buttons of which one is pressed; `choose` is told which. Returns the row and a way to set it.
export function choice(title, options, chosen, choose) {
  const row = element("div", { className: "choice", role: "group", "aria-label": title });
  const set = (wanted) => {
    [...row.children].forEach((child) => {
      child.setAttribute("aria-pressed", String(child.dataset.option === wanted));
    });
  };
  for (const [option, text] of Object.entries(options)) {
    const press = () => {
      set(option);
      choose(option);
    };
    row.append(button(text, press, { "data-option": option }));
  }
  set(chosen);
  return { row, set };
}
