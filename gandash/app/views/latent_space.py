"""Latent space: walk between two latent vectors, live under the pointer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import streamlit as st

from gandash import latent
from gandash.app import cached
from gandash.app.assets import publish
from gandash.app.parts import links, page
from gandash.app.parts.scrubber import Track, scrubber
from gandash.checkpoints import Checkpoint, samples

FEWEST_STEPS, MOST_STEPS = 4, 64


def new_seeds() -> None:
    """Two fresh seeds, small enough to read out loud."""
    st.session_state.latent_a, st.session_state.latent_b = (
        secrets.randbelow(10_000),
        secrets.randbelow(10_000),
    )


@dataclass(frozen=True)
class Walk:
    """A path between the latent vectors of two seeds.

    And the class where the generator knows classes.
    """

    checkpoint: Checkpoint
    seeds: tuple[int, int]
    how: latent.Interpolation
    steps: int
    label: int | None


def controls(found: dict[str, Checkpoint]) -> Walk:
    """The page's widgets; every value is in the URL."""
    name = st.selectbox(
        "Checkpoint",
        list(found),
        key="latent_checkpoint",
        bind=links.one_of("latent_checkpoint", found),
    )
    label = page.class_of([found[name]], "latent_class", in_turn=False)
    a, b = st.columns(2)
    seed_a = a.number_input(
        "Seed A",
        0,
        page.LARGEST_SEED,
        21,
        1,
        key="latent_a",
        bind=links.whole("latent_a", 0, page.LARGEST_SEED),
    )
    seed_b = b.number_input(
        "Seed B",
        0,
        page.LARGEST_SEED,
        14,
        1,
        key="latent_b",
        bind=links.whole("latent_b", 0, page.LARGEST_SEED),
    )
    st.button("New seeds", icon=":material/casino:", on_click=new_seeds, width="stretch")
    how = st.segmented_control(
        "Path",
        ["slerp", "lerp"],
        default="slerp",
        key="latent_path",
        bind=links.one_of("latent_path", ["slerp", "lerp"]),
        help="slerp turns along the sphere on which Gaussian vectors lie; lerp goes straight and "
        "passes "
        "through shorter vectors than the generator was trained on.",
    )
    steps = st.slider(
        "Frames",
        FEWEST_STEPS,
        MOST_STEPS,
        32,
        key="latent_steps",
        bind=links.whole("latent_steps", FEWEST_STEPS, MOST_STEPS),
    )
    path: latent.Interpolation = "lerp" if how == "lerp" else "slerp"
    return Walk(found[name], (int(seed_a), int(seed_b)), path, int(steps), label)


def show(walk: Walk) -> None:
    """The path as one atlas that the browser plays."""
    content = cached.path_atlas(walk.checkpoint, walk.seeds, walk.steps, walk.how, walk.label)
    crisp = walk.checkpoint.card.data.kind.pixels
    size, steps = samples.frame_size(walk.checkpoint), walk.steps
    track = Track(
        f"{walk.checkpoint.name}, from seed {walk.seeds[0]} to seed {walk.seeds[1]}",
        [publish(content)],
        [(0, i * size, 0) for i in range(steps)],
        size,
        size,
        crisp,
    )
    labels = [f"{i + 1} of {steps} · t = {i / (steps - 1):.2f}" for i in range(steps)]
    scrubber(
        [track],
        labels,
        key="latent_frame",
        label="Position on the path",
        strip=crisp,
        hint="Move the pointer over the picture, drag, or use the arrow keys.",
    )


page.header(
    "Latent space",
    "A generator turns a vector *z* of random numbers into an image. Walk from one *z* to another: "
    "if the images change smoothly, the generator has learned a space and not a list of examples.",
)
found = {checkpoint.name: checkpoint for checkpoint in page.checkpoints_or_stop()}
with st.container(key="latent_walk"):  # on a phone its picture comes first
    left, right = st.columns([1, 2], gap="large")
with left:
    settings = controls(found)
with right, page.one_sentence():
    show(settings)
with st.expander("What am I looking at?", icon=":material/school:"):
    st.markdown(
        "Each seed draws one latent vector $z \\sim \\mathcal N(0, I)$ with as many entries as the "
        "checkpoint's latent "
        "size. In many dimensions they all have nearly the same length, $\\lVert z\\rVert \\approx "
        "\\sqrt d$.\n\n"
        "- **lerp**, $z_t = (1-t)\\,a + t\\,b$, cuts through the inside of that sphere: halfway "
        "the vector is about "
        "$1/\\sqrt 2$ as long, a place the generator has hardly seen, and images there tend to be "
        "bland.\n"
        "- **slerp** turns the direction at constant speed and keeps the length "
        "([White 2016](https://arxiv.org/abs/1609.04468))."
    )
