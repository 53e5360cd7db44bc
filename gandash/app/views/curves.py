"""Loss curves: one or more runs over each other, with the samples of any step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd
import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.hosting import visitors
from gandash.app.parts import choose, curve_charts, links, logs, page
from gandash.app.parts.curve_charts import CHARTS, Board, Logged, View
from gandash.app.parts.differences import differences
from gandash.app.parts.findings import findings
from gandash.app.parts.looks import By, chosen_for, looks
from gandash.app.parts.refusals import shown
from gandash.app.parts.timeline import timeline
from gandash.checkpoints import Checkpoint
from gandash.pictures import charts

MOST_RUNS = 20
MOST_TOLD = 3  # runs of which good news are told, too
SEED = re.compile(r",? seed \d+$")
READ = (
    "Rules on the rows of metrics; their bounds lie between runs that failed on purpose and "
    "others. Of 24 further short runs they named all 12 failures and called none of 12 healthy "
    "ones sick. Of 21 others the rule for stopping spoke in the 6 that stood still, which would "
    "have gained at most 7 %, and in none of 15 that gained. Signs, no proofs: a collapse that D "
    "keeps up with leaves none, so look at the samples."
)
X_AXES: dict[str, charts.XAxis] = {
    "Step": "step", "Images": "images", "Epoch": "epoch", "Time": "seconds",
}  # fmt: skip
SWITCHES = {
    "log": (
        "Log scale",
        "Where values are zero or negative, the scale is linear about zero and logarithmic "
        "beyond, on both sides, and says so: nothing is left out.",
    ),
    "clip": (
        "Clip outliers",
        "The y axis reaches from the 5 % to the 95 % quantile of what is drawn; zoom out by a "
        "double click to see the rest.",
    ),
    "why": (
        "Why: gradients, updates, logits",
        "Gradient norms, the size of updates, D(G(z)) before and after G's update, and quantiles "
        "of D's logits.",
    ),
}
POOL = (
    "Seeds as a band",
    "Runs that differ in their seed alone: their mean, a standard deviation around it, and each "
    "of them faintly.",
)


def logged(found: list[Checkpoint]) -> dict[str, Logged]:
    """All that has metrics, by name: checkpoints first, then runs that are not finished."""
    titles = choose.titles_of(found)
    folders = {checkpoint.name: (checkpoint.folder, checkpoint.card.config) for checkpoint in found}
    for run in visitors.seen():
        if run.name not in folders:
            with page.one_sentence():
                folders[run.name] = (run.folder, run.config())
    own = {
        name: Logged(titles.get(name, name), folder, config)
        for name, (folder, config) in folders.items()
        if (folder / runs.METRICS).is_file()
    }
    return own | logs.found(own)


def controls(several_seeds: bool) -> View:
    """X axis, smoothing, scale, whether the charts that say why are drawn, and whether runs that
    differ in their seed alone are drawn as one, where there are such.
    """
    x = st.segmented_control(
        "X axis",
        list(X_AXES),
        default="Step",
        key="curves_x",
        bind=links.one_of("curves_x", X_AXES),
    )
    weight = st.slider(
        "Smoothing",
        0.0,
        0.99,
        0.8,
        0.01,
        key="curves_smoothing",
        bind=links.real("curves_smoothing", 0, 0.99),
        help="Weight of the debiased exponential moving average; the raw values stay visible below "
        "it.",
    )
    on = {name: _switch(name, *words) for name, words in SWITCHES.items()}
    pool = several_seeds and _switch("pool", *POOL, on=True)
    axis = X_AXES[x or "Step"]
    return View(axis, weight, log_y=on["log"], clip=on["clip"], why=on["why"], pool=pool)


def _switch(name: str, label: str, says: str, *, on: bool = False) -> bool:
    """A switch by its name in the link."""
    key = f"curves_{name}"
    return st.toggle(label, on, key=key, bind=links.flag(key), help=says)


def baseline(names: list[str]) -> str | None:
    """The name of the run that the others are drawn as differences to, if one is pinned."""
    key = "curves_baseline"
    if len(names) < 2:
        return None
    chosen = st.selectbox(
        "Baseline",
        names,
        None,
        key=key,
        bind=links.one_of(key, names, optional=True),
        placeholder="none",
        help="Pinned, all curves are drawn as differences to its own at the same place of the x "
        "axis, and so are the numbers of the table.",
    )
    return str(chosen) if chosen else None


def by_seed(chosen: Mapping[str, Logged]) -> list[list[Logged]]:
    """The runs in groups of those that differ in their seed alone, in the order of their firsts."""
    groups: dict[str, list[Logged]] = {}
    for item in chosen.values():
        shared = item.config.model_copy(update={"seed": 0}).model_dump_json()
        groups.setdefault(item.title if item.foreign else shared, []).append(item)
    return list(groups.values())


def drawn(
    chosen: Mapping[str, Logged], frames: Mapping[str, pd.DataFrame], view: View, by: By
) -> Board:
    """What the charts draw: each run, or one of each group of seeds and their pooled metrics; the
    view's baseline, a run's title until then, becomes that of what it is drawn in.
    """
    groups = by_seed(chosen) if view.pool else [[item] for item in chosen.values()]
    items: dict[str, Logged] = {}
    tables: dict[str, pd.DataFrame] = {}
    drawn_in: dict[str, str] = {}
    pinned = None
    for members in groups:
        first = members[0]
        title, table = first.title, frames[first.title]
        if len(members) > 1:
            title = f"{SEED.sub('', first.title)} (mean of {len(members)} seeds)"
            table = charts.pooled([frames[item.title] for item in members])
        items[title], tables[title] = replace(first, title=title), table
        drawn_in |= {item.title: title for item in members}
        if view.baseline in {item.title for item in members}:
            pinned = title
    look = looks({it: None if items[it].foreign else items[it].config for it in items}, by)
    marks = [
        mark
        for item in chosen.values()
        for mark in what_befell(item, frames, look[drawn_in[item.title]], view.axis)
    ]
    span = charts.x_range(tables.values(), view.axis)
    return Board(items, tables, replace(view, baseline=pinned, span=span, marks=marks), look)


def what_befell(
    item: Logged, frames: Mapping[str, pd.DataFrame], look: charts.Look, axis: charts.XAxis
) -> list[charts.Mark]:
    """Where a run was resumed, prolonged, broke or grew, on the x axis; in its color."""
    table = frames[item.title]
    if table.empty:
        return []
    befell = [(event.step, str(event.what)) for event in runs.read_events(item.folder)]
    befell += [(step, "grew") for step in curve_charts.steps_of_growth(table)]
    return [
        charts.Mark(
            item.title,
            what,
            charts.places({item.title: table}, axis, step)[0][0],
            step,
            charts.color_of(look.color),
        )
        for step, what in befell
    ]


def samples(chosen: Mapping[str, Logged], board: Board) -> None:
    """The samples of a step, which is marked in the charts, too."""
    page.section("Samples of a step")
    timeline(
        {item.title: item.folder for item in chosen.values()},
        [item.config for item in chosen.values()],
        "curves_snapshot",
        charts=CHARTS,
        places_of=lambda step: charts.places(board.frames, board.view.axis, step, board.looks),
        per_row=2,
    )


def download(chosen: dict[str, Logged]) -> None:
    """All chosen metrics in one file with a column for the run, made when it is asked for."""

    def table() -> pd.DataFrame:
        tables = [logs.curves_of(item).assign(run=name) for name, item in chosen.items()]
        joined = pd.concat(tables)
        return joined[["run", *joined.columns.drop("run")]]

    kinds: dict[str, tuple[str, Callable[[], bytes]]] = {
        "CSV": ("text/csv", lambda: table().to_csv(index=False).encode()),
        "JSON": ("application/json", lambda: str(table().to_json(orient="records")).encode()),
    }
    with st.container(horizontal=True):
        for kind, (media, content) in kinds.items():
            st.download_button(
                f"Download {kind}",
                content,
                f"gandash-metrics.{kind.lower()}",
                media,
                icon=":material/download:",
                on_click="ignore",
                key=f"curves_download_{kind.lower()}",
            )


page.header("Loss curves")
found, broken = cached.find_checkpoints()
for problem in broken:
    st.warning(shown(problem.reason), icon=":material/broken_image:")
everything = logged(found)
if not everything:
    page.nothing_yet(
        "No run has metrics yet. Start one, and its curves appear here while it trains."
    )
with st.container(key="curves_studio"):  # on a phone its picture comes first
    tray, middle, right = st.columns([1, 2.9, 1.35], gap="medium")
with tray, st.container(key="curves_tray"):  # stays in view beside the charts
    names = choose.many(
        "Runs",
        {name: item.title for name, item in everything.items()},
        "curves_runs",
        default=list(everything)[:1],
        most=MOST_RUNS,
    )
    wanted = controls(len(by_seed({name: everything[name] for name in names})) < len(names))
    pinned = baseline(names)
    by = chosen_for(everything[name].config for name in names if not everything[name].foreign)
    logs.hand_in()
    if names:
        download({name: everything[name] for name in names})
tables = {}
for name in names:
    with middle, page.one_sentence():
        tables[name] = charts.with_share(logs.curves_of(everything[name], wanted.axis))
if tables:
    selected = {name: everything[name] for name in tables}
    frames = {everything[name].title: table for name, table in tables.items()}
    base = everything[pinned].title if pinned in tables else None
    board = drawn(selected, frames, replace(wanted, baseline=base), by)
    with middle:
        curve_charts.draw(board)
        known = {item.title: item.config for item in selected.values() if not item.foreign}
        differences(known, frames, base if base in known else None)
    with right, st.container(key="curves_samples"):
        samples({name: item for name, item in selected.items() if not item.foreign}, board)
    with right, st.container(key="curves_findings"):
        page.section("What the curves say")
        brief = len(selected) > MOST_TOLD
        said = [
            findings(
                item.title, frames[item.title], item.config, f"curves_finding_{name}", brief=brief
            )
            for name, item in selected.items()
            if not item.foreign
        ]
        if brief:
            st.caption(f"No sign of trouble in {said.count(False)} of {len(said)} runs.")
        st.caption(READ)
elif not names:
    middle.info("Choose at least one run.", icon=":material/arrow_back:")
with st.expander("How do I read these curves?", icon=":material/school:"):
    st.markdown(
        "- **D's loss near 0 is bad news for G.** D then tells real from generated without effort, "
        "$D(G(z)) \\approx 0$. With the minimax objective G's gradient vanishes there; with the "
        "non-saturating one it "
        "stays, but points in whatever direction such a sure D happens to offer.\n"
        "- **Balance looks like this:** D's loss near $2\\log 2 \\approx 1.39$ and both outputs "
        "near the dotted line "
        "would mean that D can only guess. Real runs hover below: a D that is somewhat better than "
        "guessing teaches.\n"
        "- **G's loss is no measure of quality.** It is relative to the D of the same moment, so a "
        "rising G loss with "
        "improving samples is common. Look at the samples.\n"
        "- **With label smoothing** D's loss cannot fall below the entropy of its targets (0.325 "
        "nats for targets "
        "0.9 and 0): compare such runs on the Label smoothing page, above their floors.\n"
        "- **When to stop?** When the measured distance of samples no longer falls: it says so "
        "then, under “What the curves say”. Losses alone do not tell; without a distance, look "
        "whether the samples of the fixed noise still change for the better."
    )
