"""A section of the gallery: one sample, and the training images that are nearest to it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from gandash import latent
from gandash.app import cached
from gandash.app.assets import publish
from gandash.app.cached import generator
from gandash.app.hosting import limits, visitors
from gandash.app.inference import INFERENCE
from gandash.app.near import SHOWN, Near, near_to
from gandash.app.parts import choose, jobs, links, page
from gandash.app.parts.quoted import in_html
from gandash.app.parts.refusals import shown
from gandash.app.parts.tiles import tiles
from gandash.checkpoints import Checkpoint
from gandash.evaluation.classifiers import FEATURES
from gandash.evaluation.neighbors import Space
from gandash.jobs import nearest_images, task
from gandash.pictures.raster import encode, grid
from gandash.storage.paths import runs_root

SAMPLES, COLUMNS = 36, 6
PLACE = "nearest training images"


@st.fragment
def nearest(found: list[Checkpoint]) -> None:
    """Pick a sample, by its tile or its number; nothing is read before."""
    by_name = {
        checkpoint.name: checkpoint
        for checkpoint in found
        if checkpoint.card.data.kind.pixels and visitors.may_see_images(checkpoint)
    }
    if not by_name:
        return
    page.section("Nearest training images")
    st.caption(
        "Does the generator repeat its training set? Pick a sample and compare it with the "
        "training images nearest "
        "to it: a copy is much nearer than a new image would be."
    )
    left, right = st.columns([1, 2.2], gap="medium")
    with left:
        pick = picked(by_name)
    with right, page.one_sentence():
        if pick is None:
            st.info(
                "Pick a sample: click its tile, or enter its number.", icon=":material/ads_click:"
            )
        else:
            results(pick)


def picked(by_name: dict[str, Checkpoint]) -> Pick | None:
    """The sample that was picked by its tile or its number, if one was."""
    titles = choose.titles_of(by_name.values())
    name = choose.one("Checkpoint", titles, "gallery_nearest")
    seed, sample = st.columns(2)
    number = seed.number_input(
        "Seed",
        0,
        page.LARGEST_SEED,
        value=0,
        step=1,
        key="gallery_nearest_seed",
        bind=links.whole("gallery_nearest_seed", 0, page.LARGEST_SEED),
    )
    place = sample.number_input(
        "Sample",
        1,
        SAMPLES,
        value=None,
        step=1,
        placeholder="none",
        key="gallery_sample",
        bind=links.whole("gallery_sample", 1, SAMPLES, optional=True),
        help="Its place in the grid, row by row; or click its tile.",
    )
    checkpoint = by_name[name]
    label = page.class_of([checkpoint], "gallery_nearest_class")
    index = None if place is None else int(place) - 1
    with page.one_sentence():
        content = cached.sample_grid(checkpoint, int(number), SAMPLES, COLUMNS, label)
        tiles(
            publish(content),
            SAMPLES,
            COLUMNS,
            index,
            key="gallery_tiles",
            on_pick=pick_tile,
            label=f"Samples of {titles[name]}, seed {number}",
        )
    return None if index is None else Pick(checkpoint, int(number), index, label)


def pick_tile(index: int) -> None:
    st.session_state.gallery_sample = index + 1


def results(pick: Pick) -> None:
    """The neighbors in both spaces, as far as there are such."""
    _, space = cached.training_pixels(pick.checkpoint)
    neighbors_in("pixels", "Distances are Euclidean, of pixels in [-1, 1]", pick, space)
    if refused := cached.not_measurable(pick.checkpoint):
        st.caption(f"Only in pixels: {shown(refused)}.")
        return
    features = cached.training_features(pick.checkpoint)
    if features is None:
        offer(pick.checkpoint)
        return
    of_data = cached.training_extractor(pick.checkpoint).of_data
    known = "the data" if of_data else "CIFAR-10, which has not learned these images"
    how = f"Distances are Euclidean, on the {FEATURES} features of the classifier for {known}"
    neighbors_in("the classifier's features", how, pick, features)


def neighbors_in(title: str, how: str, pick: Pick, space: Space) -> None:
    """A row: the sample, then its neighbors with distance and class.

    Above it what the distance means.
    """
    sample, found = near_images(pick, space, SHOWN)
    typical, kind = space.gauge.typical, "unseen" if space.gauge.held_out else "training"
    ratio = (
        f", **{found[0].distance / typical:.2f}** times as far as is typical of {kind} images"
        if typical
        else ""
    )
    st.markdown(f"**In {title}**: the nearest is at **{found[0].distance:.2f}**{ratio}.")
    cells = [cell(sample, f"Sample {pick.index + 1}", "Sample", "gd-self")]
    for near in found:
        about = f"Training image {near.number:,}"
        caption = f"{near.distance:.2f}"
        if near.label:
            about += f", class {near.label}"
            caption += f" · {near.label}"
        cells.append(cell(near.picture, f"{about}, distance {near.distance:.2f}", caption))
    st.html(f'<div class="gd-near">{"".join(cells)}</div>')
    st.caption(f"{how}. For comparison: {space.gauge}.")


def cell(picture: bytes, alt: str, caption: str, kind: str = "") -> str:
    """One picture of a row, with what it shows."""
    return (
        f'<figure class="{kind}" title="{in_html(alt)}">{cached.image_html(picture, alt)}'
        f"<figcaption>{in_html(caption)}</figcaption>"
        "</figure>"
    )


def offer(checkpoint: Checkpoint) -> None:
    """The classifier must have read the training images once: offer that, or show how far it is."""
    if not limits().measuring:
        return
    job = task.current(runs_root())
    mine = (
        job if job is not None and job.concerns(nearest_images.MODULE, checkpoint.folder) else None
    )
    if mine is None or mine.problem:
        st.markdown(
            "**In the classifier's features**: the classifier has to read the "
            f"{checkpoint.card.data.images:,} "
            "training images once, for everyone; that takes a minute or more."
        )
        st.button(
            "Read the training images",
            icon=":material/neurology:",
            key="gallery_read",
            on_click=jobs.attempt,
            args=(nearest_images.start, checkpoint.folder, PLACE),
        )
    jobs.show(mine, PLACE)


@dataclass(frozen=True)
class Pick:
    """One sample of a checkpoint: ``index`` is its place in the grid of a seed, from 0.

    ``label`` as for the grid.
    """

    checkpoint: Checkpoint
    seed: int
    index: int
    label: int | None


@st.cache_data(
    max_entries=256,
    show_spinner=False,
    hash_funcs={
        Pick: lambda p: (
            str(p.checkpoint.folder),
            p.checkpoint.card.created,
            p.seed,
            p.index,
            p.label,
        ),
        Space: lambda space: (space.references.shape, repr(space.gauge)),
    },
)
def near_images(pick: Pick, space: Space, count: int) -> tuple[bytes, list[Near]]:
    """The picture of a sample, and the training images nearest to it in a space."""
    network = generator(pick.checkpoint)
    with INFERENCE:
        z = latent.draw(pick.seed, pick.index + 1, network.latent_dim)
        sample = latent.generate(network, z, pick.label)[pick.index :]
    return encode(grid(sample, 1)), near_to(sample, pick.checkpoint, space, count)
