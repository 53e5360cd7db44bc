"""Label smoothing: the three arms over each other, and what theory says of alpha and beta."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.parts import links, page
from gandash.app.parts.quoted import in_html, in_markdown
from gandash.app.parts.timeline import timeline
from gandash.checkpoints import Checkpoint
from gandash.config import Config, LossConfig
from gandash.evaluation import seeds
from gandash.losses.objectives import OBJECTIVES
from gandash.pictures import charts
from gandash.theory import smoothing

MOST_ARMS, DEFAULT_ARMS, SAMPLES, PER_ROW = 4, 3, 36, 6


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
    for name, checkpoint in chosen.items():
        loss = checkpoint.card.config.loss
        last = above_floor(checkpoint)
        last = last.tail(max(len(last) // 10, 1))
        rows.append(
            {
                "Arm": name,
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


def curves(chosen: dict[str, Checkpoint]) -> None:
    weight = st.slider(
        "Smoothing of the curves",
        0.0,
        0.99,
        0.9,
        0.01,
        key="smoothing_curves",
        bind=links.real("smoothing_curves", 0, 0.99),
    )
    frames = {name: above_floor(checkpoint) for name, checkpoint in chosen.items()}
    left, right = st.columns(2)
    with left:
        st.subheader("D's loss above its floor", anchor=False)
        figure = charts.curves(
            frames,
            [charts.Curve("d_excess", "D")],
            "Nats above the floor",
            x="epoch",
            smoothing=weight,
        )
        page.chart(figure, "smoothing_excess")
        st.caption(
            "Raw losses of arms with different targets are not comparable; above their floors they "
            "are."
        )
    with right:
        st.subheader("D's outputs", anchor=False)
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
    st.subheader("How sure D is: its logits on real and generated images", anchor=False)
    span = charts.logit_range(frames.values())
    for column, (name, metrics) in zip(
        st.columns(max(len(frames), 2)), frames.items(), strict=False
    ):
        figure = charts.logit_bands(metrics, x="epoch", smoothing=weight, y_range=span)
        with column:
            st.markdown(f"**{in_markdown(name)}**")
            page.chart(figure, f"smoothing_logits_{name}")
    st.caption(
        "Median, quartiles and 5 to 95 % of a training batch, averaged over the steps between two "
        "rows. "
        "Smoothing pulls the logits towards each other: targets of 0.9 and 0.1 are met at ±2.2, "
        "not at infinity."
    )


def over_seeds(found: list[Checkpoint]) -> None:
    """Whether the arms differ by more than runs of one arm do.

    Nothing where no arm has several seeds.
    """
    tables = seeds.over_seeds([checkpoint.card for checkpoint in found])
    if tables:
        st.subheader("Do the arms differ, or only the seeds?", anchor=False)
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
    st.subheader("Samples of the same z", anchor=False)
    seed = st.number_input(
        "Seed",
        0,
        page.LARGEST_SEED,
        0,
        1,
        key="smoothing_seed",
        bind=links.whole("smoothing_seed", 0, page.LARGEST_SEED),
        width=160,
    )
    for column, (name, checkpoint) in zip(
        st.columns(max(len(chosen), 2)), chosen.items(), strict=False
    ):
        with column, page.one_sentence():
            content = cached.sample_grid(checkpoint, int(seed), SAMPLES, PER_ROW)
            card = checkpoint.card
            alt = f"{card.data.kind.caption(SAMPLES)} of {name}, seed {seed}"
            st.html(cached.image_html(content, alt, card.data.kind))
            st.html(f'<p class="gd-sub">{in_html(name)}</p>')


@st.fragment
def optimal() -> None:
    """D* on two one-dimensional densities, with alpha and beta to play with."""
    st.subheader("What α and β do to the optimal D", anchor=False)
    text, chart = st.columns([1, 1.4], gap="large")
    with text:
        st.markdown(
            "D learns targets $1-\\alpha$ on real and $\\beta$ on generated images. The best it "
            "can do is"
        )
        st.latex(
            r"D^*(x)=\frac{(1-\alpha)\,p_\text{data}(x)+\beta\,p_g(x)}{p_\text{data}(x)+p_g(x)}"
        )
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
        st.markdown(
            "- **α** only scales the numerator's first part: D* keeps its shape and its ceiling "
            "drops to "
            f"{1 - alpha:g}. D stays modest, G keeps a gradient.\n"
            f"- **β** adds $p_g$ to the numerator: where only G puts mass, D* is {beta:g} instead "
            "of 0. D then has the "
            "shape of $p_g$ there, and G is less pushed away from its own mistakes. This is why "
            "[Salimans et al. 2016](https://arxiv.org/abs/1606.03498) smooth one side only."
        )
    x = np.linspace(-6, 6, 481)
    p_data, p_g = _normal(x, 1.5, 0.8), _normal(x, -1.5, 1.0)
    lines = {"D*, hard labels": smoothing.optimal_discriminator(p_data, p_g)}
    lines[f"D*, α = {alpha:g}, β = {beta:g}"] = smoothing.optimal_discriminator(
        p_data, p_g, alpha, beta
    )
    with chart:
        page.chart(charts.densities(x, p_data, p_g, lines), "smoothing_theory")
        st.caption(
            "Closed form for two normal densities, N(1.5, 0.8²) and N(−1.5, 1²); nothing here is "
            "trained."
        )


def _normal(x: charts.Floats, mean: float, std: float) -> charts.Floats:
    density: charts.Floats = np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
    return density


page.header(
    "Label smoothing",
    "What happens if D is taught 0.9 instead of 1 for real images, and 0.1 instead of 0 for "
    "generated ones? "
    "Three runs that differ in nothing else, and the theory beside them.",
)
found = arms(page.checkpoints_or_stop())
if not found:
    page.nothing_yet(
        "No checkpoint with a cross-entropy objective has metrics yet. Train one with and one "
        "without smoothing."
    )
names = st.multiselect(
    "Arms",
    list(found),
    default=comparable(found),
    max_selections=MOST_ARMS,
    key="smoothing_arms",
    bind=links.some_of("smoothing_arms", list(found), MOST_ARMS),
)
if not names:
    st.info("Choose at least one arm above.", icon=":material/arrow_upward:")
elif selected := with_metrics({name: found[name] for name in names}):
    st.dataframe(
        table_of_arms(selected),
        hide_index=True,
        width="stretch",
        key="smoothing_table",
        column_config={
            name: st.column_config.NumberColumn(format="%.3f")
            for name in (
                "Floor of D's loss",
                "D* at equilibrium",
                "D's loss above floor",
                "D(x)",
                "D(G(z))",
                "Gradient norm of G",
            )
        },
    )
    st.caption(
        "Floor and D* from the formulas below; the last four columns are means over the last tenth "
        "of the run's "
        "metrics, one run and one seed an arm."
    )
    over_seeds(list(found.values()))
    samples(selected)
    curves(selected)
    st.subheader("The same noise over training", anchor=False)
    timeline(
        {name: checkpoint.folder for name, checkpoint in selected.items()},
        [checkpoint.card.config for checkpoint in selected.values()],
        key="smoothing_snapshot",
    )
optimal()
