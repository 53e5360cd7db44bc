// A button in the page's head: the address of exactly what is shown, into the clipboard.
// Without https there is no clipboard: then the address is shown, selected, to be copied by hand.
const ICON =
  '<svg viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="2" ' +
  'stroke-linecap="round" aria-hidden="true"><path d="M10 14a4 4 0 0 0 6 .4l3-3a4.2 4.2 0 0 0-6-6l-1.2 1.2"/>' +
  '<path d="M14 10a4 4 0 0 0-6-.4l-3 3a4.2 4.2 0 0 0 6 6l1.2-1.2"/></svg>';
const SHOWN_MS = 2500;

export default function ({ parentElement }) {
  const root = parentElement.querySelector(".copy-link") ?? parentElement.appendChild(build());
  const button = root.querySelector("button");
  const words = root.querySelector("span");
  const field = root.querySelector("input");

  function tell(sentence) {
    words.textContent = sentence;
    setTimeout(() => (words.textContent = "Copy link"), SHOWN_MS);
  }

  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(window.location.href);
      tell("Link copied");
    } catch {
      field.hidden = false;
      field.value = window.location.href;
      field.select();
      tell("Copy it from here");
    }
  };
  field.onblur = () => (field.hidden = true);
  field.onkeydown = (event) => event.key === "Escape" && field.blur();
}

function build() {
  const root = document.createElement("div");
  root.className = "copy-link";
  root.innerHTML =
    '<input hidden readonly aria-label="Link to this view">' +
    `<button type="button" title="Copy a link to exactly this view">${ICON}<span aria-live="polite">Copy link</span></button>`;
  return root;
}
