// Fetches a script that is kept by the browser, and gives it its place; what it mounts there is told
// of newer data, and closed when the place is gone.
const mounted = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector("[data-mount]");
  const before = mounted.get(root);
  if (before) {
    before.then((part) => part?.show(data));
  } else {
    const address = new URL(data.script, document.baseURI).href;
    const part = import(address).then((script) => script[data.mount](root, data, address));
    part.catch(() => (root.textContent = "This part could not be loaded: reload the page."));
    mounted.set(
      root,
      part.catch(() => null),
    );
  }
  return () => {
    mounted.get(root)?.then((part) => part?.close());
    mounted.delete(root);
  };
}
