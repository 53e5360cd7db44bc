"""Loss curves: one or more runs over each other, with the samples of any step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.parts import choose, links, page
from gandash.app.parts.differences import differences
from gandash.app.parts.findings import findings
from gandash.app.parts.quoted import in_markdown
from gandash.app.parts.refusals import shown
from gandash.app.parts.timeline import timeline
from gandash.checkpoints import Checkpoint
from gandash.config import Config
from gandash.losses.objectives import OBJECTIVES
from gandash.pictures import charts
from gandash.storage.paths import runs_root
from gandash.theory import smoothing
from gandash.theory.smoothing import equilibrium_loss

MOST_RUNS = 12
MOST_TOLD = 3  # runs of which good news are told, too
SEED = re.compile(r",? seed \d+$")
READ = (
    "Rules on the rows of metrics; their bounds lie between runs that failed on purpose and "
    "others. Of 24 further short runs they named all 12 failures and called none of 12 healthy "
    "ones sick. Signs, no proofs: a collapse that D keeps up with leaves none, so look "
    "at the samples."
)
X_AXES: dict[str, charts.XAxis] = {"Step": "step", "Epoch": "epoch", "Time": "seconds"}
CHARTS = [
    f"curves_{name}"
    for name in (
        "losses",
        "scores",
        "outputs",
        "d_share",
        "d_accuracy",
        "frechet",
        "precision",
        "gradients",
        "update",
    )
]


@dataclass(frozen=True)
class Sometimes:
    """A chart of a column that only some runs measure."""

    column: str
    label: str
    title: str
    y_title: str
    caption: str
    lines: Mapping[str, float]


SOMETIMES = (
    Sometimes(
        "d_share", "D", "Who was updated", "Share of the updates",
        "D's updates of all updates between two rows of metrics; not drawn for runs that never "
        "change it.",
        {"one each": 0.5},
    ),
    Sometimes(
        "d_accuracy", "D", "D as a classifier", "Accuracy",
        "Share of real training images that D puts into their class before it learns from them; "
        "of those whose label it is never shown, where there are such.",
        {},
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Logged:
    """A checkpoint or an unfinished run that has metrics."""

    title: str
    folder: Path
    config: Config


def logged(found: list[Checkpoint]) -> dict[str, Logged]:
    """All that has metrics, by name: checkpoints first, then runs that are not finished."""
    titles = choose.titles_of(found)
    folders = {checkpoint.name: (checkpoint.folder, checkpoint.card.config) for checkpoint in found}
    for run in runs.find(runs_root()):
        if run.name not in folders:
            with page.one_sentence():
                folders[run.name] = (run.folder, run.config())
    return {
        name: Logged(titles.get(name, name), folder, config)
        for name, (folder, config) in folders.items()
        if (folder / runs.METRICS).is_file()
    }


@dataclass(frozen=True)
class View:
    """How all charts are drawn."""

    axis: charts.XAxis
    smoothing: float
    log_y: bool
    why: bool
    pool: bool


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
    log_y = st.toggle(
        "Log scale",
        key="curves_log",
        bind=links.flag("curves_log"),
        help="Where values are zero or negative, the scale is linear about zero and logarithmic "
        "beyond, on both sides, and says so: nothing is left out.",
    )
    why = st.toggle(
        "Gradient norms",
        key="curves_why",
        bind=links.flag("curves_why"),
        help="With D(G(z)) before and after G's update: the charts that say why.",
    )
    pool = several_seeds and st.toggle(
        "Seeds as a band",
        True,
        key="curves_pool",
        bind=links.flag("curves_pool"),
        help="Runs that differ in their seed alone: their mean, a standard deviation around it, "
        "and each of them faintly.",
    )
    return View(X_AXES[x or "Step"], weight, log_y, why, pool)


def by_seed(chosen: Mapping[str, Logged]) -> list[list[Logged]]:
    """The runs in groups of those that differ in their seed alone, in the order of their firsts."""
    groups: dict[str, list[Logged]] = {}
    for item in chosen.values():
        shared = item.config.model_copy(update={"seed": 0})
        groups.setdefault(shared.model_dump_json(), []).append(item)
    return list(groups.values())


def drawn(
    chosen: Mapping[str, Logged], frames: Mapping[str, pd.DataFrame], view: View
) -> tuple[dict[str, Logged], dict[str, pd.DataFrame]]:
    """What the charts draw: each run, or one of each group of seeds and their pooled metrics."""
    if not view.pool:
        return dict(chosen), dict(frames)
    items: dict[str, Logged] = {}
    tables: dict[str, pd.DataFrame] = {}
    for members in by_seed(chosen):
        first = members[0]
        if len(members) > 1:
            title = f"{SEED.sub('', first.title)} (mean of {len(members)} seeds)"
            first = Logged(title, first.folder, first.config)
            tables[title] = charts.pooled([frames[item.title] for item in members])
        else:
            tables[first.title] = frames[first.title]
        items[first.title] = first
    return items, tables


def draw_charts(chosen: dict[str, Logged], frames: dict[str, pd.DataFrame], view: View) -> None:
    """Charts below each other that share x axis, smoothing and colors."""
    span = charts.x_range(frames.values(), view.axis)
    columns = [charts.Curve("d_loss", "D"), charts.Curve("g_loss", "G", "dot")]
    lines = references(chosen, "D only guesses:", equilibrium_loss)
    figure = charts.curves(
        frames,
        columns,
        "Loss",
        x=view.axis,
        smoothing=view.smoothing,
        log_y=view.log_y,
        lines=lines,
        span=span,
    )
    chart("Losses", figure, "curves_losses")
    st.caption("Mean over the steps of a row, on training batches; nats of a cross-entropy.")
    probable = {
        item.title
        for item in chosen.values()
        if OBJECTIVES[item.config.loss.objective].cross_entropy
    }
    outputs(chosen, frames, view, probable)
    if view.why:
        more(frames, view, probable)
    sometimes(frames, view)
    quality(chosen, frames, view)


def outputs(
    chosen: dict[str, Logged], frames: dict[str, pd.DataFrame], view: View, probable: set[str]
) -> None:
    """What D says: probabilities of the runs titled in ``probable``, bare scores of the others."""
    span = charts.x_range(frames.values(), view.axis)
    if probable:
        columns = [charts.Curve("d_real", "D(x)"), charts.Curve("d_fake", "D(G(z))", "dot")]
        lines = references(chosen, "equilibrium", smoothing.equilibrium)
        figure = charts.curves(
            only(frames, probable),
            columns,
            "Probability",
            x=view.axis,
            smoothing=view.smoothing,
            log_y=view.log_y,
            lines=lines,
            span=span,
        )
        chart("D(x) and D(G(z))", figure, "curves_scores")
        st.caption(
            "Mean of sigmoid(logit) of a batch, before D's update; dotted: D* where p_g = p_data."
        )
    if frames.keys() - probable:
        columns = [charts.Curve("real_q50", "real"), charts.Curve("fake_q50", "generated", "dot")]
        rest = only(frames, frames.keys() - probable)
        figure = charts.curves(
            rest, columns, "Score", x=view.axis, smoothing=view.smoothing, span=span
        )
        chart("D's scores", figure, "curves_outputs")
        st.caption(
            "Median of a batch, before D's update. Scores are no probabilities: least squares "
            "pulls them to 1 (real) "
            "and 0 (generated), hinge past 1 and −1, and to a Wasserstein critic only their "
            "distance matters."
        )


def only(frames: dict[str, pd.DataFrame], names: Set[str]) -> dict[str, pd.DataFrame]:
    """The metrics of some runs and no rows of the others, so that every run keeps its color."""
    return {name: table if name in names else table.iloc[:0] for name, table in frames.items()}


def chart(title: str, figure: go.Figure, key: str) -> None:
    """A chart under its title."""
    page.section(title)
    page.chart(figure, key)


def sometimes(frames: dict[str, pd.DataFrame], view: View) -> None:
    """Charts of what only some runs measure.

    Who was updated, and D's accuracy where it learns classes.
    """
    span = charts.x_range(frames.values(), view.axis)
    for it in SOMETIMES:
        if any(charts.measured(table, it.column) for table in frames.values()):
            columns = [charts.Curve(it.column, it.label)]
            figure = charts.curves(
                frames,
                columns,
                it.y_title,
                x=view.axis,
                smoothing=view.smoothing,
                lines=it.lines,
                span=span,
            )
            chart(it.title, figure, f"curves_{it.column}")
            st.caption(it.caption)


def quality(chosen: dict[str, Logged], frames: dict[str, pd.DataFrame], view: View) -> None:
    """How good the samples were, of runs that measured them while they trained."""
    measured = [item for item in chosen.values() if charts.measured(frames[item.title], "frechet")]
    if not measured:
        return
    span = charts.x_range(frames.values(), view.axis)
    columns = [charts.Curve("frechet", "Fréchet")]
    figure = charts.measurements(
        frames, columns, "Distance", x=view.axis, log_y=view.log_y, span=span
    )
    chart("Fréchet distance of samples", figure, "curves_frechet")
    columns = [charts.Curve("precision", "precision"), charts.Curve("recall", "recall", "dot")]
    figure = charts.measurements(frames, columns, "Share", x=view.axis, span=span)
    chart("Precision and recall of samples", figure, "curves_precision")
    for item in measured:
        with page.one_sentence():
            protocol = runs.read_protocol(item.folder) or "by an unknown protocol"
            st.caption(in_markdown(f"{item.title}: {protocol}."))
    st.caption(
        "Runs compare only where this is the same. The star is the least Fréchet distance: its "
        "weights are kept."
    )


def references(
    chosen: dict[str, Logged], name: str, value_of: Callable[[float, float], float]
) -> dict[str, float]:
    """A named line at the equilibrium's value for every smoothing among the runs with a cross-
    entropy.
    """
    settings = [item.config.loss for item in chosen.values()]
    smoothings = {
        (loss.alpha, loss.beta) for loss in settings if OBJECTIVES[loss.objective].cross_entropy
    }
    values = {value_of(alpha, beta) for alpha, beta in smoothings}
    return {f"{name} {value:.2f}": value for value in sorted(values)}


def more(frames: dict[str, pd.DataFrame], view: View, probable: set[str]) -> None:
    """Charts that say why, rather than what."""
    span = charts.x_range(frames.values(), view.axis)
    columns = [charts.Curve("d_grad_norm", "D"), charts.Curve("g_grad_norm", "G", "dot")]
    figure = charts.curves(
        frames,
        columns,
        "Gradient norm (L2)",
        x=view.axis,
        smoothing=view.smoothing,
        log_y=view.log_y,
        span=span,
    )
    chart("Gradient norms", figure, "curves_gradients")
    st.caption("Global L2 norm over all parameters of a player, before its update.")
    if probable:
        columns = [
            charts.Curve("d_fake_before", "before"),
            charts.Curve("d_fake_after", "after", "dot"),
        ]
        figure = charts.curves(
            only(frames, probable),
            columns,
            "D(G(z))",
            x=view.axis,
            smoothing=view.smoothing,
            log_y=view.log_y,
            span=span,
        )
        chart("D(G(z)) around G's update", figure, "curves_update")
        st.caption(
            "The same z before and after G's update, D unchanged: the gap is what one step of G "
            "gains."
        )


def samples(chosen: dict[str, Logged], frames: dict[str, pd.DataFrame], view: View) -> None:
    """The samples of a step, which is marked in the charts, too."""
    page.section("Samples of a step")
    timeline(
        {item.title: item.folder for item in chosen.values()},
        [item.config for item in chosen.values()],
        "curves_snapshot",
        charts=CHARTS,
        places_of=lambda step: charts.places(frames, view.axis, step),
        per_row=2,
    )


def download(chosen: dict[str, Logged]) -> None:
    """All chosen metrics in one file with a column for the run, made when it is asked for."""

    def table() -> pd.DataFrame:
        tables = [cached.metrics(item.folder).assign(run=name) for name, item in chosen.items()]
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
    if names:
        download({name: everything[name] for name in names})
tables = {}
for name in names:
    with middle, page.one_sentence():
        tables[name] = charts.with_share(cached.metrics(everything[name].folder))
if tables:
    selected = {name: everything[name] for name in tables}
    frames = {everything[name].title: table for name, table in tables.items()}
    items, pooled = drawn(selected, frames, wanted)
    with middle:
        draw_charts(items, pooled, wanted)
        differences({item.title: item.config for item in selected.values()}, frames)
    with right, st.container(key="curves_samples"):
        samples(selected, pooled, wanted)
    with right, st.container(key="curves_findings"):
        page.section("What the curves say")
        brief = len(selected) > MOST_TOLD
        said = [
            findings(
                item.title, frames[item.title], item.config, f"curves_finding_{name}", brief=brief
            )
            for name, item in selected.items()
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
        "- **When to stop?** When the samples of the fixed noise no longer change for the better "
        "over several epochs; "
        "the curves alone do not tell."
    )
