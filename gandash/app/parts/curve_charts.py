"""The charts of runs below each other: one x axis, one smoothing, one color a run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from gandash import runs
from gandash.app.kept import Kept
from gandash.app.parts import page
from gandash.app.parts.quoted import in_markdown
from gandash.config import Config
from gandash.losses.objectives import OBJECTIVES
from gandash.pictures import charts
from gandash.report import Report
from gandash.theory import smoothing
from gandash.theory.smoothing import equilibrium_loss

MOST_RIBBONS, MOST_TAGS = 4, 12
KEPT = Kept[page.Prepared](96)  # of a few hundred kilobytes each
KNOWN = {field.name for field in fields(Report)} | {"d_share"}
CHARTS = [
    f"curves_{name}"
    for name in (
        "losses", "scores", "outputs", "d_share", "d_accuracy", "d_train", "augment_p", "distance",
        "z_std", "d_prior", "g_sigma0", "d_sigma0", "size",
        "frechet", "precision", "gradients", "sizes", "update",
        *(f"ribbon_{number}" for number in range(MOST_RIBBONS)),
    )
]  # fmt: skip


@dataclass(frozen=True)
class Logged:
    """A checkpoint or an unfinished run that has metrics; or what another program logged
    (``foreign``), of whose settings nothing is known.
    """

    title: str
    folder: Path
    config: Config
    foreign: bool = False


@dataclass(frozen=True)
class View:
    """How all charts are drawn: ``baseline`` is the drawn title that differences are to, if any;
    ``span`` the ends of the x axis, ``marks`` what befell the runs.
    """

    axis: charts.XAxis
    smoothing: float
    log_y: bool
    clip: bool
    why: bool
    pool: bool
    baseline: str | None = None
    span: tuple[float, float] | None = None
    marks: Sequence[charts.Mark] = ()


@dataclass(frozen=True)
class Board:
    """What the charts draw: runs and their metrics by title, and how."""

    items: Mapping[str, Logged]
    frames: Mapping[str, pd.DataFrame]
    view: View
    looks: charts.Looks

    @cached_property
    def drawn(self) -> Mapping[str, pd.DataFrame]:
        """The metrics, or their differences to the baseline's."""
        if self.view.baseline is None:
            return self.frames
        return charts.minus(self.frames, self.view.baseline, self.view.axis)

    @property
    def probable(self) -> set[str]:
        """Titles of the runs whose D says probabilities."""
        return {
            title
            for title, item in self.items.items()
            if item.foreign or OBJECTIVES[item.config.loss.objective].cross_entropy
        }

    def lines(self, named: Mapping[str, float]) -> Mapping[str, float]:
        """Horizontal references; of differences, where there is none."""
        return named if self.view.baseline is None else {"no difference": 0.0}

    def named(self, title: str) -> str:
        """The title of a y axis."""
        return title if self.view.baseline is None else f"{title}, difference"

    def show(
        self,
        heading: str,
        columns: Sequence[charts.Curve],
        y_title: str,
        key: str,
        *,
        of: Set[str] | None = None,
        lines: Mapping[str, float] | None = None,
        log_y: bool = True,
    ) -> None:
        """A chart of columns of all runs, or ``of`` some, under its heading."""
        frames = self.drawn if of is None else only(self.drawn, of)
        self.chart(
            heading,
            key,
            charts.curves,
            frames,
            columns,
            y_title=self.named(y_title),
            smoothing=self.view.smoothing,
            log_y=log_y and self.view.log_y,
            clip=self.view.clip,
            lines=self.lines(lines or {}),
        )

    def chart(
        self,
        heading: str,
        key: str,
        draw: Callable[..., go.Figure],
        frames: Mapping[str, pd.DataFrame],
        columns: Sequence[charts.Curve],
        *,
        y_title: str,
        **options: Any,
    ) -> None:
        """A chart with what befell the runs, under its heading; drawn once for all who look at the
        same numbers.
        """
        options |= {"x": self.view.axis, "span": self.view.span, "looks": self.looks}
        asked = (draw.__name__, repr(columns), y_title, repr(options), repr(self.view.marks))

        def made() -> page.Prepared:
            figure = draw(frames, columns, y_title, **options)
            return page.prepared(charts.marked(figure, self.view.marks))

        page.section(heading)
        page.chart(KEPT.get((*asked, _digest(frames, columns)), made), key)


def _digest(frames: Mapping[str, pd.DataFrame], columns: Sequence[charts.Curve]) -> bytes:
    """What of the metrics is drawn, in short."""
    drawn = {*charts.X_TITLES, "frechet", *(it.column for it in columns)}
    hashed = hashlib.sha256()
    for title, table in frames.items():
        for name in table.columns:
            if str(name).partition(":")[0] in drawn:
                values = table[name].to_numpy()
                hashed.update(f"{title}\0{name}\0{values.dtype}\0{len(values)}\0".encode())
                hashed.update(np.ascontiguousarray(values).tobytes())
    return hashed.digest()


def draw(board: Board) -> None:
    """Charts below each other that share x axis, smoothing and colors."""
    lines = references(board.items, "D only guesses:", equilibrium_loss)
    columns = [charts.Curve("d_loss", "D"), charts.Curve("g_loss", "G", "dot")]
    board.show("Losses", columns, "Loss", "curves_losses", lines=lines)
    befell = (
        " ▸ resumed, ✚ given more to do, ✖ broke, ◆ D, ◇ G updated alone, ▴ began a larger size."
        if board.view.marks
        else ""
    )
    st.caption(
        f"Mean over the steps of a row, on training batches; nats of a cross-entropy.{befell}"
    )
    outputs(board)
    if board.view.why:
        why(board)
    sometimes(board)
    quality(board)
    foreign(board)


def foreign(board: Board) -> None:
    """What other programs logged under names of their own, a chart a name."""
    logged = [board.frames[title] for title, item in board.items.items() if item.foreign]
    tags = sorted({str(tag) for table in logged for tag in table} - KNOWN)
    for number, tag in enumerate(tags[:MOST_TAGS]):
        board.show(tag, [charts.Curve(tag, tag)], tag, f"curves_foreign_{number}")
    if len(tags) > MOST_TAGS:
        st.caption(f"{len(tags) - MOST_TAGS} more curves of other programs are not drawn.")


def outputs(board: Board) -> None:
    """What D says: probabilities of runs with a cross-entropy, bare scores of the others."""
    probable = board.probable
    if probable:
        columns = [charts.Curve("d_real", "D(x)"), charts.Curve("d_fake", "D(G(z))", "dot")]
        lines = references(board.items, "equilibrium", smoothing.equilibrium)
        board.show(
            "D(x) and D(G(z))", columns, "Probability", "curves_scores", of=probable, lines=lines
        )
        st.caption(
            "Mean of sigmoid(logit) of a batch, before D's update; dotted: D* where p_g = p_data."
        )
    if board.items.keys() - probable:
        columns = [charts.Curve("real_q50", "real"), charts.Curve("fake_q50", "generated", "dot")]
        rest = board.items.keys() - probable
        board.show("D's scores", columns, "Score", "curves_outputs", of=rest, log_y=False)
        st.caption(
            "Median of a batch, before D's update. Scores are no probabilities: least squares "
            "pulls them to 1 (real) "
            "and 0 (generated), hinge past 1 and −1, and to a Wasserstein critic only their "
            "distance matters."
        )


def only(frames: Mapping[str, pd.DataFrame], names: Set[str]) -> dict[str, pd.DataFrame]:
    """The metrics of some runs and no rows of the others, so that every run keeps its color."""
    return {name: table if name in names else table.iloc[:0] for name, table in frames.items()}


def references(
    items: Mapping[str, Logged], name: str, value_of: Callable[[float, float], float]
) -> dict[str, float]:
    """A named line at the equilibrium's value for every smoothing among the runs with a cross-
    entropy.
    """
    settings = [item.config.loss for item in items.values() if not item.foreign]
    smoothings = {
        (loss.alpha, loss.beta) for loss in settings if OBJECTIVES[loss.objective].cross_entropy
    }
    values = {value_of(alpha, beta) for alpha, beta in smoothings}
    return {f"{name} {value:.2f}": value for value in sorted(values)}


def why(board: Board) -> None:
    """Charts that say why, rather than what."""
    columns = [charts.Curve("d_grad_norm", "D"), charts.Curve("g_grad_norm", "G", "dot")]
    board.show("Gradient norms", columns, "Gradient norm (L2)", "curves_gradients")
    st.caption("Global L2 norm over all parameters of a player, before its update.")
    if any(charts.measured(table, "g_update") for table in board.frames.values()):
        columns = [charts.Curve("d_update", "D"), charts.Curve("g_update", "G", "dot")]
        board.show("Size of updates", columns, "‖change‖ / ‖weights‖", "curves_sizes")
        st.caption(
            "Of a row's last step, over all parameters of a player. Runs of earlier versions did "
            "not measure it."
        )
    if board.probable:
        columns = [
            charts.Curve("d_fake_before", "before"),
            charts.Curve("d_fake_after", "after", "dot"),
        ]
        heading = "D(G(z)) around G's update"
        board.show(heading, columns, "D(G(z))", "curves_update", of=board.probable)
        st.caption(
            "The same z before and after G's update, D unchanged: the gap is what one step of G "
            "gains."
        )
    ribbons(board)


def ribbons(board: Board) -> None:
    """How sure D is: quantiles of its logits, a run a chart, of the first few."""
    known = {title: it for title, it in board.frames.items() if not board.items[title].foreign}
    if not known:
        return
    frames = dict(list(known.items())[:MOST_RIBBONS])
    page.section("D's logits")
    view = board.view
    span = charts.logit_range(frames.values())
    for number, (title, table) in enumerate(frames.items()):
        st.caption(in_markdown(title))
        figure = charts.logit_bands(table, x=view.axis, smoothing=view.smoothing, y_range=span)
        page.chart(figure, f"curves_ribbon_{number}")
    left_out = len(known) - len(frames)
    st.caption(
        "Median, quartiles and 5 to 95 % of a batch, averaged over the steps of a row."
        + (f" Of the first {MOST_RIBBONS} runs; {left_out} more are chosen." if left_out else "")
    )


@dataclass(frozen=True)
class Sometimes:
    """A chart of what only some runs measure: those that have the first of its columns."""

    curves: tuple[charts.Curve, ...]
    title: str
    y_title: str
    caption: str
    lines: Mapping[str, float]


SOMETIMES = (
    Sometimes(
        (charts.Curve("d_share", "D"),), "Who was updated", "Share of the updates",
        "D's updates of all updates between two rows of metrics; not drawn for runs that never "
        "change it.",
        {"one each": 0.5},
    ),
    Sometimes(
        (charts.Curve("d_accuracy", "D"),), "D as a classifier", "Accuracy",
        "Share of real training images that D puts into their class before it learns from them; "
        "of those whose label it is never shown, where there are such.",
        {},
    ),
    Sometimes(
        (charts.Curve("d_train", "training images"),
         charts.Curve("d_held_out", "held-out images", "dot")),
        "D on images that it learned from, and on others", "sigmoid(D(x))",
        "Of a row's last step, one batch each, without augmentation. A gap that grows is D knowing "
        "its training images by heart; G is then taught to copy them.",
        {},
    ),
    Sometimes(
        (charts.Curve("distance", "mean"),), "How far images are from what they should be",
        "Mean difference",
        "Mean absolute difference, of values in [-1, 1], of training images: between translations "
        "and true targets in pix2pix, between images and what comes back of them in CycleGAN and "
        "in autoencoders.",
        {},
    ),
    Sometimes(
        (charts.Curve("z_std", "E(x)"),), "How wide the z of images are", "Standard deviation",
        "Of a row's last step: the z that E found of one batch, over all their numbers. Samples "
        "are drawn with 1. Where it stays below, z is narrow, and samples come from where G has "
        "seen little.",
        {"the prior": 1.0},
    ),
    Sometimes(
        (charts.Curve("d_prior", "drawn"), charts.Curve("d_code", "E(x)", "dot")),
        "D on z", "Probability of being drawn",
        "Of a row's last step: what the discriminator on z says of z that were drawn and of those "
        "that E found. Far apart, it tells E's from the prior; both at one half, it does not.",
        {"none can tell": 0.5},
    ),
    Sometimes(
        (charts.Curve("size", "side"),), "How large images are while the pair grows", "Pixels",
        "A level part is a stage; on the way up the next size is faded in, in both players.",
        {},
    ),
    Sometimes(
        (charts.Curve("g_sigma0", "σ₀"), charts.Curve("g_sigma1", "σ₁", "dash"),
         charts.Curve("g_sigma2", "σ₂", "dot")),
        "Singular values of G's weights", "Singular value",
        "The three largest of the layer of G that has the largest, before spectral norm. Where the "
        "first runs away from the others, a collapse is near (Brock et al. 2019).",
        {},
    ),
    Sometimes(
        (charts.Curve("d_sigma0", "σ₀"), charts.Curve("d_sigma1", "σ₁", "dash"),
         charts.Curve("d_sigma2", "σ₂", "dot")),
        "Singular values of D's weights", "Singular value",
        "The same of D: spikes are where it was surprised.",
        {},
    ),
    Sometimes(
        (charts.Curve("augment_p", "p"),), "Strength of augmentation (ADA)", "Probability p",
        "How probable each change of an image is. It rises while D is surer of real images than "
        "its target, and falls while it is not; above 0.8 the changes may show in samples.",
        {},
    ),
)  # fmt: skip


def steps_of_growth(table: pd.DataFrame) -> list[int]:
    """The steps of the first rows of metrics in which a pair that grows fades in its next size."""
    if not charts.measured(table, "size"):
        return []
    doublings = np.ceil(np.log2(table["size"].to_numpy(dtype=float)))
    return [int(step) for step in table.step[1:][np.diff(doublings) > 0]]


def sometimes(board: Board) -> None:
    """Charts of what only some runs measure.

    Who was updated, D's accuracy where it learns classes, D on held-out images, ADA's strength.
    """
    for it in SOMETIMES:
        column = it.curves[0].column
        if any(charts.measured(table, column) for table in board.frames.values()):
            key = f"curves_{column}"
            board.show(it.title, it.curves, it.y_title, key, lines=it.lines, log_y=False)
            st.caption(it.caption)


def quality(board: Board) -> None:
    """How good the samples were, of runs that measured them while they trained."""
    frames, view = board.frames, board.view
    measured = [title for title in board.items if charts.measured(frames[title], "frechet")]
    if not measured:
        return
    parts = (
        ("Fréchet distance of samples", "Distance", "curves_frechet", view.log_y,
         [charts.Curve("frechet", "Fréchet")]),
        ("Precision and recall of samples", "Share", "curves_precision", False,
         [charts.Curve("precision", "precision"), charts.Curve("recall", "recall", "dot")]),
    )  # fmt: skip
    for heading, y_title, key, log_y, columns in parts:
        board.chart(
            heading,
            key,
            charts.measurements,
            board.drawn,
            columns,
            y_title=board.named(y_title),
            log_y=log_y,
            star=view.baseline is None,
        )
    for title in measured:
        with page.one_sentence():
            protocol = runs.read_protocol(board.items[title].folder) or "by an unknown protocol"
            st.caption(in_markdown(f"{title}: {protocol}."))
    st.caption(
        "Runs compare only where this is the same. The star is the least Fréchet distance: its "
        "weights are kept."
    )
