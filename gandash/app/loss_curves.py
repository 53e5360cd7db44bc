"""Loss curves: one or more runs over each other, with the samples of any step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from gandash import plots, runs, theory
from gandash.app import layout, models
from gandash.app.timeline import timeline
from gandash.checkpoints import Checkpoint
from gandash.config import Config
from gandash.objectives import OBJECTIVES
from gandash.paths import runs_root

MOST_RUNS = 4
X_AXES: dict[str, plots.XAxis] = {"Step": "step", "Epoch": "epoch", "Time": "seconds"}


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
        "D's updates of all updates between two rows of metrics; not drawn for runs that never change it.",
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
    """A checkpoint or an unfinished run with its metrics."""

    folder: Path
    config: Config
    metrics: pd.DataFrame


def logged(found: list[Checkpoint]) -> dict[str, Logged]:
    """All that has metrics: checkpoints first, then runs that are not finished."""
    folders = {checkpoint.name: (checkpoint.folder, checkpoint.card.config) for checkpoint in found}
    for run in runs.find(runs_root()):
        if run.name not in folders:
            with layout.one_sentence():
                folders[run.name] = (run.folder, run.config())
    return {
        name: Logged(folder, config, models.metrics(folder))
        for name, (folder, config) in folders.items()
        if (folder / runs.METRICS).is_file()
    }


def charts(chosen: dict[str, Logged]) -> None:
    """Three charts that share x axis, smoothing and colors."""
    one, two, three = st.columns([2, 2, 1.2], vertical_alignment="bottom")
    x = one.segmented_control("X axis", list(X_AXES), default="Step", key="curves_x", bind="query-params")
    weight = two.slider(
        "Smoothing", 0.0, 0.99, 0.8, 0.01, key="curves_smoothing", bind="query-params",
        help="Weight of the debiased exponential moving average; the raw values stay visible below it.",
    )  # fmt: skip
    log_y = three.toggle("Log scale", key="curves_log", bind="query-params")
    frames = {name: plots.with_share(item.metrics) for name, item in chosen.items()}
    axis = X_AXES[x or "Step"]
    losses, scores = st.columns(2)
    with losses:
        st.subheader("Losses", anchor=False)
        columns = [plots.Curve("d_loss", "D"), plots.Curve("g_loss", "G", "dot")]
        lines = references(chosen, "D only guesses:", theory.equilibrium_loss)
        figure = plots.curves(frames, columns, "Loss", x=axis, smoothing=weight, log_y=log_y, lines=lines)
        st.plotly_chart(figure, key="curves_losses", config={"displaylogo": False})
        st.caption(
            "Mean over the steps between two rows of metrics, on the training batches; "
            "in nats where the objective is a cross-entropy."
        )
    with scores:
        st.subheader("D(x) and D(G(z))", anchor=False)
        columns = [plots.Curve("d_real", "D(x)"), plots.Curve("d_fake", "D(G(z))", "dot")]
        figure = plots.curves(
            frames,
            columns,
            "Probability",
            x=axis,
            smoothing=weight,
            lines=references(chosen, "equilibrium", theory.equilibrium),
        )
        st.plotly_chart(figure, key="curves_scores", config={"displaylogo": False})
        st.caption("Mean of sigmoid(logit) over a batch, before D's update; the dotted line is D* where p_g = p_data.")
    sometimes(frames, axis, weight)
    quality(chosen, frames, axis, log_y)
    with st.expander("Gradient norms and D(G(z)) around G's update", icon=":material/monitoring:"):
        more(frames, axis, weight, log_y)


def sometimes(frames: dict[str, pd.DataFrame], axis: plots.XAxis, weight: float) -> None:
    """Charts of what only some runs measure: who was updated, and D's accuracy where it learns classes."""
    shown = [it for it in SOMETIMES if any(plots.measured(table, it.column) for table in frames.values())]
    for column, it in zip(st.columns(2), shown, strict=False):
        with column:
            st.subheader(it.title, anchor=False)
            figure = plots.curves(
                frames, [plots.Curve(it.column, it.label)], it.y_title, x=axis, smoothing=weight, lines=it.lines
            )
            st.plotly_chart(figure, key=f"curves_{it.column}", config={"displaylogo": False})
            st.caption(it.caption)


def quality(chosen: dict[str, Logged], frames: dict[str, pd.DataFrame], axis: plots.XAxis, log_y: bool) -> None:
    """How good the samples were, of runs that measured them while they trained."""
    measured = [name for name, table in frames.items() if plots.measured(table, "frechet")]
    if not measured:
        return
    left, right = st.columns(2)
    with left:
        st.subheader("Fréchet distance of samples", anchor=False)
        figure = plots.measurements(frames, [plots.Curve("frechet", "Fréchet")], "Distance", x=axis, log_y=log_y)
        st.plotly_chart(figure, key="curves_frechet", config={"displaylogo": False})
    with right:
        st.subheader("Precision and recall of samples", anchor=False)
        columns = [plots.Curve("precision", "precision"), plots.Curve("recall", "recall", "dot")]
        figure = plots.measurements(frames, columns, "Share", x=axis)
        st.plotly_chart(figure, key="curves_precision", config={"displaylogo": False})
    for name in measured:
        with layout.one_sentence():
            st.caption(f"{name}: {runs.read_protocol(chosen[name].folder) or 'by an unknown protocol'}.")
    st.caption(
        "Runs compare only where this is the same. The star is the least Fréchet distance: its weights are kept."
    )


def references(chosen: dict[str, Logged], name: str, value_of: Callable[[float, float], float]) -> dict[str, float]:
    """A named line at the equilibrium's value for every smoothing among the runs with a cross-entropy."""
    settings = [item.config.loss for item in chosen.values()]
    smoothings = {(loss.alpha, loss.beta) for loss in settings if OBJECTIVES[loss.objective].cross_entropy}
    values = {value_of(alpha, beta) for alpha, beta in smoothings}
    return {f"{name} {value:.2f}": value for value in sorted(values)}


def more(frames: dict[str, pd.DataFrame], axis: plots.XAxis, weight: float, log_y: bool) -> None:
    left, right = st.columns(2)
    columns = [plots.Curve("d_grad_norm", "D"), plots.Curve("g_grad_norm", "G", "dot")]
    figure = plots.curves(frames, columns, "Gradient norm (L2)", x=axis, smoothing=weight, log_y=log_y)
    left.plotly_chart(figure, key="curves_gradients", config={"displaylogo": False})
    left.caption("Global L2 norm over all parameters of a player, before its update.")
    columns = [plots.Curve("d_fake_before", "before"), plots.Curve("d_fake_after", "after", "dot")]
    figure = plots.curves(frames, columns, "D(G(z))", x=axis, smoothing=weight)
    right.plotly_chart(figure, key="curves_update", config={"displaylogo": False})
    right.caption("The same z before and after G's update, D unchanged: the gap is what one step of G gains.")


def download(chosen: dict[str, Logged]) -> None:
    """All chosen metrics in one CSV with a column for the run."""
    table = pd.concat([item.metrics.assign(run=name) for name, item in chosen.items()])
    content = table[["run", *table.columns.drop("run")]].to_csv(index=False).encode()
    st.download_button("Download CSV", content, "gandash-metrics.csv", "text/csv", icon=":material/download:")


layout.header(
    "Loss curves",
    "How the two players fared. A GAN's losses do not fall to zero when training goes well: "
    "read them together with D's outputs and the samples of the same step.",
)
found, broken = models.find_checkpoints()
for problem in broken:
    st.warning(problem.reason, icon=":material/broken_image:")
everything = logged(found)
if not everything:
    layout.nothing_yet("No run has metrics yet. Start one, and its curves appear here while it trains.")
names = st.multiselect(
    "Runs", list(everything), default=list(everything)[:1], max_selections=MOST_RUNS, key="curves_runs",
    bind="query-params",
)  # fmt: skip
if not names:
    st.info("Choose at least one run above.", icon=":material/arrow_upward:")
    st.stop()
selected = {name: everything[name] for name in names}
charts(selected)
st.subheader("Samples of the same noise over training", anchor=False)
timeline(
    {name: item.folder for name, item in selected.items()}, [item.config for item in selected.values()],
    key="curves_snapshot",
)  # fmt: skip
download(selected)
with st.expander("How do I read these curves?", icon=":material/school:"):
    st.markdown(
        "- **D's loss near 0 is bad news for G.** D then tells real from generated without effort, "
        "$D(G(z)) \\approx 0$. With the minimax objective G's gradient vanishes there; with the non-saturating one it "
        "stays, but points in whatever direction such a sure D happens to offer.\n"
        "- **Balance looks like this:** D's loss near $2\\log 2 \\approx 1.39$ and both outputs near the dotted line "
        "would mean that D can only guess. Real runs hover below: a D that is somewhat better than guessing teaches.\n"
        "- **G's loss is no measure of quality.** It is relative to the D of the same moment, so a rising G loss with "
        "improving samples is common. Look at the samples.\n"
        "- **With label smoothing** D's loss cannot fall below the entropy of its targets (0.325 nats for targets "
        "0.9 and 0): compare such runs on the Label smoothing page, above their floors.\n"
        "- **When to stop?** When the samples of the fixed noise no longer change for the better over several epochs; "
        "the curves alone do not tell."
    )
