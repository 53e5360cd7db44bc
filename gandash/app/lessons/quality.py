"""Lesson 8: is it good, is it copying?"""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from gandash.app.lessons import four_generators
from gandash.app.lessons.controls import chart
from gandash.app.lessons.lesson import Answer, Lesson, View
from gandash.app.parts.choose import at_once
from gandash.evaluation.metrics import frechet_distance
from gandash.pictures import charts

COUNTS = (100, 200, 500, 1_000, 2_000, 5_000)
SEEDS, FEATURES, REAL, SHOWN = 3, 32, 5_000, 150


@st.cache_data(max_entries=1, show_spinner="Measuring a perfect generator …")
def distances() -> charts.Floats:
    """Fréchet distances (seeds, counts) of so many draws of N(0, I) from 5,000 others."""
    real = _draw(1_000, REAL)
    return np.array(
        [[frechet_distance(_draw(seed, count), real) for count in COUNTS] for seed in range(SEEDS)]
    )


def _draw(seed: int, count: int) -> torch.Tensor:
    return torch.from_numpy(np.random.RandomState(seed).standard_normal((count, FEATURES)))


def figure(answered: bool) -> bool:
    """The distance that a perfect generator is measured to have, by the number of its samples."""
    if not answered:
        drawn = {
            name: _draw(seed, SHOWN)[:, :2].numpy() for seed, name in enumerate(("data", "samples"))
        }
        chart(charts.cloud(drawn, 4.0), "lesson_8_cloud")
        st.caption(
            f"Two of {FEATURES} features of {SHOWN} each: independent standard normal numbers, "
            "from the very same distribution."
        )
        return False
    measured = distances()
    named = {f"seed {seed}": measured[seed] for seed in range(SEEDS)}
    figure = charts.lines(np.array(COUNTS, dtype=float), named, "Samples", "Fréchet distance")
    chart(figure, "lesson_8_distances")
    st.markdown(
        f"500 samples: **{measured[:, 2].mean():.2f} ± {measured[:, 2].std(ddof=1):.2f}**; 5,000: "
        f"**{measured[:, -1].mean():.2f}** (mean and deviation of {SEEDS} seeds, {FEATURES} "
        f"features, {REAL:,} real draws). The truth is 0."
    )
    _four_generators()
    return True


def _four_generators() -> None:
    """Points of a generator with one fault, and what each figure says of it."""
    name = at_once("A generator that", list(four_generators.MADE), "lesson_8_generator")
    shown = four_generators.shown(name)
    clouds = {"training points": four_generators.training(), "samples": shown.samples}
    chart(charts.cloud(clouds, four_generators.REACH), "lesson_8_generators")
    st.markdown(
        f"Fréchet **{shown.frechet:.3f}** · precision **{shown.precision:.2f}** · recall "
        f"**{shown.recall:.2f}** · memorization **{shown.memorization:.2f}**"
    )
    st.caption(
        f"{four_generators.COUNT} samples against as many held-out points, which are the features "
        "themselves; over other seeds the first three deviate by at most 0.05. Memorization is "
        "how far samples are from the nearest training point, over how far held-out points are: "
        "0 for copies."
    )


LESSON = Lesson(
    title="Is it good, is it copying?",
    asks="A perfect generator: its samples have exactly the distribution of the data. You measure "
    "the Fréchet distance of 500 of them from the data: how far means and covariances of their "
    "features, the numbers by which a network describes an image, are apart. What do you get?",
    answers=(
        Answer("0", "Only with infinitely many: means and covariances of a few samples are off by "
               "chance, and a distance adds up every error."),
        Answer("Something above 0", "Yes: the estimate is biased upwards, by about as much as 1/N.",
               right=True),
        Answer("Above or below 0, by chance", "A distance is never below 0, so chance can only "
               "push it up."),
    ),
    figure=figure,
    why="So numbers compare only with the **same number of samples**, and a difference smaller "
    "than that of two seeds is none: every figure here says both. One number also hides which "
    "fault it is. **Precision** asks whether samples look like data, **recall** whether data are "
    "reached; noise can still have a high precision on a classifier's features, so read them "
    "together. Try the four generators above: half of the ring is missing, and Fréchet does not "
    "see it, for it knows means and covariances only. Recall does.\n\n"
    "**Copying** shows in none of these three: who returns training images is near perfect. Look "
    "for each sample's nearest training image, and ask whether held-out images are "
    "as near. And mind batch norm: in training mode a sample depends on its batch, so samples are "
    "judged in eval mode; *virtual* batch norm uses a fixed batch instead (Salimans et al. 2016, "
    "[arXiv:1606.03498](https://arxiv.org/abs/1606.03498), section 3.5).",
    see=(
        View("Figures of every checkpoint, with their protocol", "views/gallery.py", "",
             {"gallery_open": "mnist-conditional"}),
        View("When it was best: distance by step", "views/curves.py", "curves",
             {"curves_runs": "mnist-dcgan"}),
    ),
    teachers="Ask what 10,000 samples would give. Not the half of 5,000's: the 5,000 real draws "
    "add a bias of their own, about as large. In the Gallery, “Nearest training images” is under "
    "each checkpoint where its data are on the server.",
)  # fmt: skip
