// Fetches the studio's script, which is kept by the browser, and gives it its place.
const mounted = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".studio-root");
  if (!mounted.has(root)) {
    const address = new URL(data.script, document.baseURI).href;
    const ends = import(address).then((studio) => studio.mountStudio(root, data, address));
    ends.catch(() => (root.textContent = "The studio could not be loaded: reload the page."));
    mounted.set(root, ends);
  }
  return () => {
    mounted.get(root)?.then((end) => end());
    mounted.delete(root);
  };
}
