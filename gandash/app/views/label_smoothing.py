"""Label smoothing: the three arms over each other, and what theory says of alpha and beta."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.parts import choose, links, page
from gandash.app.parts.quoted import in_html, in_markdown
from gandash.app.parts.timeline import timeline
from gandash.checkpoints import Checkpoint
from gandash.config import Config, LossConfig
from gandash.evaluation import seeds
from gandash.losses.objectives import OBJECTIVES
from gandash.pictures import charts
from gandash.theory import smoothing

MOST_ARMS, DEFAULT_ARMS = 4, 3
SAMPLES, PER_ROW = 36, 6
MEASURED_COLUMNS = (
    "Floor of D's loss",
    "D* at equilibrium",
    "D's loss above floor",
    "D(x)",
    "D(G(z))",
    "Gradient norm of G",
)
SAMPLED = -1.5  # where the figure's samples lie: the mean of its p_g


def arms(found: list[Checkpoint]) -> dict[str, Checkpoint]:
    """Checkpoints with a cross-entropy objective and metrics: those that smoothing applies to."""
    return {
        checkpoint.name: checkpoint
        for checkpoint in found
        if OBJECTIVES[checkpoint.card.config.loss.objective].cross_entropy
        and (checkpoint.folder / runs.METRICS).is_file()
    }


def comparable(found: dict[str, Checkpoint]) -> list[str]:
    """The first arms that differ in smoothing and in nothing else.

    If there are none, the first of all.
    """
    groups: dict[Config, dict[LossConfig, str]] = {}
    for name, checkpoint in found.items():
        config = checkpoint.card.config
        groups.setdefault(config.without_smoothing(), {}).setdefault(config.loss, name)
    largest = max(groups.values(), key=len)
    return list(largest.values())[:DEFAULT_ARMS] if len(largest) > 1 else list(found)[:1]


def with_metrics(chosen: dict[str, Checkpoint]) -> dict[str, Checkpoint]:
    """Those whose metrics can be drawn; of the others it is said why not."""
    readable = {}
    for name, checkpoint in chosen.items():
        with page.one_sentence():
            if cached.metrics(checkpoint.folder).empty:
                raise ValueError(f"The metrics of {name!r} hold no row: choose another arm")
            readable[name] = checkpoint
    return readable


def above_floor(checkpoint: Checkpoint) -> pd.DataFrame:
    """The metrics with D's loss measured from the entropy of its targets."""
    loss = checkpoint.card.config.loss
    table = cached.metrics(checkpoint.folder)
    return table.assign(d_excess=table.d_loss - smoothing.entropy_floor(loss.alpha, loss.beta))


def table_of_arms(chosen: dict[str, Checkpoint]) -> pd.DataFrame:
    """Targets, floors and equilibria from the formulas.

    Beside the mean over the last tenth of each run.
    """
    rows = []
    for title, checkpoint in chosen.items():
        loss = checkpoint.card.config.loss
        last = above_floor(checkpoint)
        last = last.tail(max(len(last) // 10, 1))
        rows.append(
            {
                "Arm": title,
                "Targets (real, fake)": f"{1 - loss.alpha:g}, {loss.beta:g}",
                "Floor of D's loss": smoothing.entropy_floor(loss.alpha, loss.beta),
                "D* at equilibrium": smoothing.equilibrium(loss.alpha, loss.beta),
                "D's loss above floor": last.d_excess.mean(),
                "D(x)": last.d_real.mean(),
                "D(G(z))": last.d_fake.mean(),
                "Gradient norm of G": last.g_grad_norm.mean(),
            }
        )
    return pd.DataFrame(rows)


def curves(chosen: dict[str, Checkpoint], weight: float) -> None:
    """D's loss above its floor, its outputs and its logits, of all arms over each other."""
    frames = {title: above_floor(checkpoint) for title, checkpoint in chosen.items()}
    left, right = st.columns(2)
    with left:
        page.section("D's loss above its floor")
        figure = charts.curves(
            frames,
            [charts.Curve("d_excess", "D")],
            "Nats above the floor",
            x="epoch",
            smoothing=weight,
        )
        page.chart(figure, "smoothing_excess")
        st.caption(
            "Raw losses of arms with different targets do not compare; above floors they do."
        )
    with right:
        page.section("D's outputs")
        columns = [charts.Curve("d_real", "D(x)"), charts.Curve("d_fake", "D(G(z))", "dot")]
        losses = [checkpoint.card.config.loss for checkpoint in chosen.values()]
        lines = {
            f"equilibrium {v:.2f}": v
            for v in sorted({smoothing.equilibrium(it.alpha, it.beta) for it in losses})
        }
        figure = charts.curves(
            frames, columns, "Probability", x="epoch", smoothing=weight, lines=lines
        )
        page.chart(figure, "smoothing_scores")
        st.caption("Mean of sigmoid(logit) over training batches, before D's update.")
    logits(frames, weight)


def logits(frames: dict[str, pd.DataFrame], weight: float) -> None:
    """How sure D is, an arm a chart on a common axis."""
    page.section("How sure D is: its logits on real and generated images")
    span = charts.logit_range(frames.values())
    columns = st.columns(max(len(frames), 2))
    for number, (title, metrics) in enumerate(frames.items()):
        figure = charts.logit_bands(metrics, x="epoch", smoothing=weight, y_range=span)
        with columns[number]:
            st.html(f'<p class="gd-sub">{in_html(title)}</p>')
            page.chart(figure, f"smoothing_logits_{number}")
    st.caption(
        "Median, quartiles and 5 to 95 % of a training batch, averaged over the steps between two "
        "rows. Smoothing pulls the logits towards each other: targets of 0.9 and 0.1 are met at "
        "±2.2, not at infinity."
    )


def over_seeds(found: list[Checkpoint]) -> None:
    """Whether the arms differ by more than runs of one arm do.

    Nothing where no arm has several seeds.
    """
    tables = seeds.over_seeds([checkpoint.card for checkpoint in found])
    if tables:
        page.section("Do the arms differ, or only the seeds?")
    for training, protocol, table in tables:
        st.dataframe(table, hide_index=True, width="stretch")
        st.caption(
            f"Mean ± standard deviation over seeds, runs of {in_markdown(training)}. A seed "
            "changes weights, data order and noise, "
            "alike for all arms: a difference of arms no larger than the ± may be chance. "
            f"{in_markdown(str(protocol))}."
        )


@st.fragment
def samples(chosen: dict[str, Checkpoint]) -> None:
    """The same latent vectors through every arm's generator."""
    page.section("Samples of the same z")
    count = max(len(chosen), 3) + 1
    with st.container(key="smoothing_pictures"):
        *columns, beside = st.columns(count)
    with beside:
        seed = st.number_input(
            "Seed",
            0,
            page.LARGEST_SEED,
            0,
            1,
            key="smoothing_seed",
            bind=links.whole("smoothing_seed", 0, page.LARGEST_SEED),
        )
        st.caption(
            "What happens if D is taught 0.9 instead of 1 for real images, and 0.1 instead of 0 "
            "for generated ones? Arms that differ in nothing else, from the same latent vectors; "
            "the theory stands at the end of the page."
        )
    for column, (title, checkpoint) in zip(columns, chosen.items(), strict=False):
        with column, page.one_sentence():
            content = cached.sample_grid(checkpoint, int(seed), SAMPLES, PER_ROW)
            card = checkpoint.card
            alt = f"{card.data.kind.caption(SAMPLES)} of {title}, seed {seed}"
            picture = cached.image_html(content, alt, card.data.kind)
            st.html(f'<div class="gd-square">{picture}</div><p class="gd-sub">{in_html(title)}</p>')


@st.fragment
def optimal() -> None:
    """D* on two one-dimensional densities, with alpha and beta to play with, and what G feels."""
    page.section("What α and β do to the optimal D, and to G's gradient")
    text, middle, right = st.columns([1, 1.3, 1.3], gap="medium")
    with text:
        alpha, beta = targets()
    x = np.linspace(-6, 6, 481)
    p_data, p_g = _normal(x, 1.5, 0.8), _normal(x, SAMPLED, 1.0)
    arms_shown = {
        "hard labels": (0.0, 0.0),
        f"α = {alpha:g} alone": (alpha, 0.0),
        f"α = {alpha:g}, β = {beta:g}": (alpha, beta),
    }
    optima = {
        f"D*, {name}": smoothing.optimal_discriminator(p_data, p_g, *values)
        for name, values in arms_shown.items()
        if name != f"α = {alpha:g} alone"
    }
    slopes = {
        name: smoothing.log_gradient(x, p_data, p_g, *values) for name, values in arms_shown.items()
    }
    with middle:
        page.chart(charts.densities(x, p_data, p_g, optima), "smoothing_theory")
        st.caption("Closed form for N(1.5, 0.8²) and N(−1.5, 1²); nothing here is trained.")
    with right:
        page.chart(charts.gradients(x, slopes, SAMPLED), "smoothing_gradient")
        st.caption("What the non-saturating G follows; dotted upright: the middle of its samples.")
    here = int(np.argmin(np.abs(x - SAMPLED)))
    with text:
        lesson(beta, [-float(values[here]) for values in slopes.values()])


def targets() -> tuple[float, float]:
    """α and β to play with, and the optimal D that follows from them."""
    alpha = st.slider(
        "α, smoothing of real",
        0.0,
        0.4,
        0.1,
        0.05,
        key="smoothing_alpha",
        bind=links.real("smoothing_alpha", 0, 0.4),
    )
    beta = st.slider(
        "β, smoothing of generated",
        0.0,
        0.4,
        0.1,
        0.05,
        key="smoothing_beta",
        bind=links.real("smoothing_beta", 0, 0.4),
    )
    st.markdown("D learns targets $1-\\alpha$ on real and $\\beta$ on generated images. Best is")
    st.latex(
        r"\begin{aligned}D^*&=\frac{(1-\alpha)\,p_\text{data}+\beta\,p_g}{p_\text{data}+p_g}\\"
        r"&=\beta+(1-\alpha-\beta)\,D^*_\text{hard}\end{aligned}"
    )
    return alpha, beta


def lesson(beta: float, gradients: list[float]) -> None:
    """What smoothing does to G: the gradients with hard labels, with α alone and with both."""
    hard, one_sided, both = gradients
    st.markdown(
        "Smoothing is an increasing affine map of the hard optimum: it keeps its shape.\n"
        "- **α** alone only scales it, and $\\log D^*$ has the same gradient as before. Its "
        "merit is a D whose logits are not pushed to infinity.\n"
        f"- **β** keeps D* above {beta:g} where only G puts mass. $\\log D^*$ is flat there, "
        "just where samples are wrong: this is why [Salimans et al. "
        "2016](https://arxiv.org/abs/1606.03498) smooth one side only.\n\n"
        f"At x = −1.5 the gradient of $-\\log D^*$ is **{hard:.3g}** with hard labels, "
        f"**{one_sided:.3g}** with α alone and **{both:.3g}** with both."
    )


def _normal(x: charts.Floats, mean: float, std: float) -> charts.Floats:
    density: charts.Floats = np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
    return density


def compare(selected: dict[str, Checkpoint], found: dict[str, Checkpoint], weight: float) -> None:
    """Samples, figures, curves and the whole training of the chosen arms, by title."""
    samples(selected)
    page.section("Targets, floors and where D ended")
    with st.container(key="smoothing_figures"):
        st.dataframe(
            table_of_arms(selected),
            hide_index=True,
            width="stretch",
            key="smoothing_table",
            column_config={
                name: st.column_config.NumberColumn(format="%.3f") for name in MEASURED_COLUMNS
            },
        )
    st.caption(
        "Floor and D* from the formulas below; the last four columns are means over the last tenth "
        "of the run's metrics, one run and one seed an arm."
    )
    curves(selected, weight)
    page.section("The same noise over training")
    timeline(
        {title: checkpoint.folder for title, checkpoint in selected.items()},
        [checkpoint.card.config for checkpoint in selected.values()],
        key="smoothing_snapshot",
    )
    over_seeds(list(found.values()))


page.header("Label smoothing")
found = arms(page.checkpoints_or_stop())
if not found:
    page.nothing_yet(
        "No checkpoint with a cross-entropy objective has metrics yet. Train one with and one "
        "without smoothing."
    )
titles = choose.titles_of(found.values())
left, right = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
with left:
    names = choose.many(
        "Arms: runs that differ in the targets of D alone",
        titles,
        "smoothing_arms",
        default=comparable(found),
        most=MOST_ARMS,
    )
weight = right.slider(
    "Smoothing of the curves",
    0.0,
    0.99,
    0.9,
    0.01,
    key="smoothing_curves",
    bind=links.real("smoothing_curves", 0, 0.99),
)
selected = with_metrics({name: found[name] for name in names})
if selected:
    compare({titles[name]: checkpoint for name, checkpoint in selected.items()}, found, weight)
elif not names:
    st.info("Choose at least one arm above.", icon=":material/arrow_upward:")
optimal()
