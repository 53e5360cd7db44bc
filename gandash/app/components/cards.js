// Checkpoints as small square cards. One that is pressed is opened by the server.
const shown = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".cards");
  list.onclick = (event) => {
    const card = event.target.closest(".card");
    if (card) setTriggerValue("open", card.dataset.name);
  };
  const signature = JSON.stringify(data);
  if (shown.get(list) === signature) return;
  shown.set(list, signature);
  list.setAttribute("aria-label", data.label);
  list.replaceChildren(...data.cards.map(cardOf));
}

function cardOf(about) {
  const card = make("button", "card");
  card.type = "button";
  card.dataset.name = about.name;
  card.dataset.failed = String(about.failed);
  card.title = about.title;
  const picture = make("span", about.crisp ? "picture" : "picture points");
  const image = make("img", "");
  image.alt = about.alt;
  image.decoding = "async";
  if (about.image) image.src = about.image;
  picture.append(image);
  const words = make("span", "about");
  words.append(make("strong", "title", about.title), make("span", "figures", about.figure));
  card.append(picture, words);
  const item = make("li", "");
  item.append(card);
  return item;
}

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}
