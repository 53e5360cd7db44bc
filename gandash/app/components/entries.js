// One entry of the browser's history for each action of the visitor, and none for what the page does by itself.
//
// Streamlit 1.67 replaces the entry when a bound widget changes, so that Back leaves the page instead of undoing, and pushes
// one for each parameter that the server writes: twice for a change of page, the first of them an address that nobody saw.
// Here the first change of the address after a press or a key pushes, and every other one replaces.
// A parameter that the browser alone moves (the step of a scrubber) replaces, and stays in what Streamlit writes afterwards.
class Entries {
  constructor(window) {
    this.window = window;
    this.history = window.history;
    this.actions = 0;
    this.entered = 0; // the action that made the last entry
    this.places = new Map(); // what the browser alone moves: parameter to value, null for none
    this.write = { pushState: this.history.pushState, replaceState: this.history.replaceState };
    for (const how of ["pushState", "replaceState"]) {
      this.history[how] = (state, _, url) => this.change(state, url ?? window.location.href);
    }
    const act = () => (this.actions += 1);
    window.addEventListener("pointerdown", act, true);
    window.addEventListener("keydown", (event) => event.repeat || act(), true);
    window.addEventListener("click", (event) => event.detail === 0 && act(), true); // of assistive tools
    window.addEventListener("popstate", () => this.restored(), true);
  }

  change(state, address) {
    const { location } = this.window;
    const url = new URL(address, location.href);
    if (url.pathname !== location.pathname) this.places.clear();
    this.places.forEach((value, key) => set(url, key, value));
    const isEntry = this.actions > this.entered && url.href !== location.href;
    this.entered = isEntry ? this.actions : this.entered;
    this.write[isEntry ? "pushState" : "replaceState"].call(this.history, state, "", url);
  }

  // Move a parameter in place: another step of the same view.
  place(key, value) {
    this.places.set(key, value);
    const url = new URL(this.window.location.href);
    set(url, key, value);
    this.write.replaceState.call(this.history, this.history.state, "", url);
  }

  // Move several parameters at once; as an entry of its own where that is an action of the visitor.
  placeAll(values, isEntry) {
    const url = new URL(this.window.location.href);
    values.forEach((value, key) => {
      this.places.set(key, value);
      set(url, key, value);
    });
    if (url.href === this.window.location.href) return;
    this.entered = this.actions;
    this.write[isEntry ? "pushState" : "replaceState"].call(this.history, this.history.state, "", url);
  }

  // Back and forward are no action: what the server corrects afterwards replaces.
  restored() {
    this.entered = this.actions;
    const { searchParams } = new URL(this.window.location.href);
    this.places.forEach((_, key) => this.places.set(key, searchParams.get(key)));
  }
}

function set(url, key, value) {
  if (value === null) url.searchParams.delete(key);
  else url.searchParams.set(key, value);
}

export default function () {
  window.gandashEntries ??= new Entries(window);
}
