// Lines over plotly charts of the page where a scrubber stands on their x axis; the pointer over a chart moves it, too.
// Plotly's global is out of reach here: axes are read off the charts themselves, and without them there are no lines.
class Cursor {
  constructor(move) {
    this.move = move;
    this.heard = new WeakSet();
    this.observer = new MutationObserver(() => this.later());
  }

  // ``charts`` are keys of plotly charts, ``places`` for each position the x values to mark and their colors.
  show({ charts, places }, position) {
    this.charts = charts;
    this.places = places;
    this.observer.disconnect();
    if (!charts.length) return;
    this.observer.observe(document.body, { childList: true, subtree: true }); // charts come late and are drawn anew
    this.draw(position);
  }

  end() {
    this.observer.disconnect();
    document.querySelectorAll(".gd-cursor").forEach((line) => line.remove());
  }

  later() {
    this.pending ??= requestAnimationFrame(() => {
      this.pending = undefined;
      this.draw(this.position);
    });
  }

  draw(position) {
    this.position = position;
    for (const plot of this.plots()) {
      this.listen(plot);
      this.mark(plot, this.places[position]);
    }
  }

  plots() {
    const found = (this.charts ?? []).flatMap((key) => [...document.querySelectorAll(`.st-key-${key} .js-plotly-plot`)]);
    return found.filter((plot) => plot.on && plot._fullLayout?.xaxis?.d2p && plot._fullLayout.yaxis);
  }

  listen(plot) {
    if (this.heard.has(plot)) return;
    this.heard.add(plot);
    plot.on("plotly_afterplot", () => this.later());
    plot.on("plotly_hover", ({ points }) => this.move(this.nearest(points[0].x)));
    plot.addEventListener("click", ({ isTrusted, target, clientX }) => {
      // A tap of a finger hovers without telling; what plotly takes for a click may be a scroll of the page.
      if (!isTrusted || !target.closest(".nsewdrag")) return;
      const { xaxis } = plot._fullLayout;
      this.move(this.nearest(xaxis.p2d(clientX - plot.getBoundingClientRect().left - xaxis._offset)));
    });
  }

  nearest(x) {
    const distances = this.places.map((places) => Math.min(...places.map(([place]) => Math.abs(place - x))));
    return distances.indexOf(Math.min(...distances));
  }

  mark(plot, places) {
    const { xaxis, yaxis } = plot._fullLayout;
    const box = plot.querySelector(".svg-container");
    const lines = [...box.querySelectorAll(".gd-cursor")];
    while (lines.length > places.length) lines.pop().remove();
    while (lines.length < places.length) {
      const line = document.createElement("div");
      line.className = "gd-cursor";
      lines.push(line);
      box.append(line);
    }
    lines.forEach((line, index) => {
      const [place, color] = places[index];
      const x = xaxis.d2p(place);
      line.hidden = !(x >= 0 && x <= xaxis._length);
      Object.assign(line.style, {
        color,
        left: `${xaxis._offset + x}px`,
        top: `${yaxis._offset}px`,
        height: `${yaxis._length}px`,
      });
    });
  }
}
