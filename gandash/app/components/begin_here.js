// The keyboard goes to a heading that the visitor asked for: the next Tab is the first thing below it, and the page is
// scrolled there. `asked` counts the requests; the heading's new words may come a moment later.
export default function ({ data }) {
  const before = window.gandashAsked;
  window.gandashAsked = data.asked;
  if (before === undefined || data.asked <= before) return;
  const until = performance.now() + 3000;
  const look = () => {
    const heading = document.querySelector(data.within)?.querySelector("h2");
    if (heading?.textContent.startsWith(data.begins)) {
      heading.tabIndex = -1;
      heading.style.outline = "none";
      heading.focus();
    } else if (performance.now() < until) {
      requestAnimationFrame(look);
    }
  };
  look();
}
