"""Lesson 5: mode collapse and cures."""

from __future__ import annotations

from gandash.app.lessons.lesson import Answer, Lesson, View
from gandash.app.parts.choose import at_once
from gandash.app.parts.player import of_preset, player

CURES = ["Ring of eight", "Collapse, packed", "Collapse, unrolled"]
NAMES = {"equal rates, β₁ 0.5": CURES[0], "packing": CURES[1], "unrolling": CURES[2]}


def figure(answered: bool) -> bool:
    """The ring before training; once the question is answered, the whole film beside a cure."""
    shown = ["Collapse"]
    if answered:
        shown.append(NAMES[at_once("Beside it", list(NAMES), "lesson_5_cure")])
    player(
        [of_preset(name) for name in shown],
        key="lesson_5_player",
        parameter="lesson_5_",
        frames=None if answered else 1,
    )
    return answered


LESSON = Lesson(
    title="Mode collapse and cures",
    asks="Eight clusters of data on a ring. G learns four times as fast as D. Where will its "
    "samples be?",
    answers=(
        Answer("Spread over all eight", "That is what we want. But nothing in one sample's "
               "gradient says where the others are."),
        Answer("All together, and wandering", "Yes: they run to where D is weak at the moment, D "
               "learns that place, and they run on.", right=True),
        Answer("At rest on one cluster", "It would be caught there: D soon calls that place "
               "generated, and G moves on."),
    ),
    figure=figure,
    why="Each sample is pulled by D alone, and all are pulled to the same best place. If G may go "
    "on against a D that stands still (**maximin**: first G, then D), one point is its best "
    "answer; the theory of lesson 2 needs the other order, **minimax**: for each G the best D. "
    "Updates in turns do not say which of both they are. Cures: a D that keeps up (equal rates, "
    "more updates of D) and less momentum (Adam's β₁ 0.5 in place of 0.9); **packing** (PacGAN, "
    "Lin et al. 2018, "
    "[arXiv:1712.04086](https://arxiv.org/abs/1712.04086)): D judges several samples at once, so "
    "that sameness shows; **unrolling** (Metz et al. 2017, "
    "[arXiv:1611.02163](https://arxiv.org/abs/1611.02163)): G learns against the D of some updates "
    "later; a D that sees how alike a batch is; penalties on its gradient. Count the "
    "modes under the films, one seed each: with the fast G packing and unrolling meet "
    "more modes and lose them again.",
    see=(
        View("Collapse on digits: one z, one picture", "views/curves.py", "curves",
             {"curves_runs": "mnist-failure-collapse"}),
        View("Your own rates", "views/playground.py", "playground",
             {"play_a": "Collapse", "play_b": "Ring of eight"}),
    ),
    teachers="Have them guess the number of modes at step 1,000 before they move the slider. The "
    "films are one seed each: others are a setting away in the Playground.",
)  # fmt: skip
