"""A section of Latent space: what an autoencoder finds of real images in z.

Its parameters in the URL begin with ``encoded_``: the studio above keeps those with ``latent_``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from gandash.app import cached
from gandash.app.hosting import visitors
from gandash.app.inference import INFERENCE
from gandash.app.parts import choose, links, page
from gandash.app.parts.quoted import in_html
from gandash.checkpoints import Checkpoint
from gandash.evaluation import codes
from gandash.evaluation.codes import Codes
from gandash.latent import off_prior
from gandash.pictures import charts
from gandash.pictures.raster import encode, grid

STEPS = 10
TOGETHER = "all together"
BY_FOLDER: dict[str | type[Any], Callable[[Any], Any]] = {
    Checkpoint: lambda c: (str(c.folder), c.card.created)
}


@st.fragment
def images_in_z(found: list[Checkpoint]) -> None:
    """Images of the data, what becomes of their z, and how these lie; nothing where no checkpoint
    has an encoder. The data are read once a number asks for an image of them.
    """
    known = [
        checkpoint
        for checkpoint in found
        if checkpoint.card.config.autoencoder.encoder and visitors.may_see_images(checkpoint)
    ]
    if not known:
        return
    page.section("Images in z")
    st.caption(
        "An autoencoder has an encoder E beside G, which finds the z of a real image. Where G is "
        "told the class, what is left for z is the rest: how a digit is written, not which it is."
    )
    titles = choose.titles_of(known)
    columns = st.columns([2, 1, 1], vertical_alignment="bottom")
    with columns[0]:
        name = choose.one("Autoencoder", titles, "encoded_checkpoint")
    checkpoint = next(each for each in known if each.name == name)
    first = columns[1].number_input(
        "Image",
        1,
        codes.MOST,
        value=None,
        placeholder="none",
        key="encoded_image",
        bind=links.whole("encoded_image", 1, codes.MOST, optional=True),
    )
    last = columns[2].number_input(
        "Walk to image",
        1,
        codes.MOST,
        value=2,
        key="encoded_toward",
        bind=links.whole("encoded_toward", 1, codes.MOST),
    )
    if first is None:
        st.info(
            "Enter the number of an image, such as 6: you see it and what G makes of its z, the "
            "same z under every label, a walk to another image, and how z lies beside the prior.",
            icon=":material/image_search:",
        )
        return
    with page.one_sentence():
        seen = _codes(checkpoint)
        places = [seen.place(int(number)) for number in (first, last)]
        under_every_label(checkpoint, places[0])
        walk(checkpoint, *places)
        how_z_lies(checkpoint, seen)


def under_every_label(checkpoint: Checkpoint, index: int) -> None:
    """One image, what G makes of its z, and that under every label."""
    names = checkpoint.card.data.classes
    told = checkpoint.card.config.labels.told
    cells = [
        _cell(picture, caption)
        for picture, caption in zip(
            _again(checkpoint, index),
            ["image", "again", *(names[: codes.MOST_LABELS] if told else ())],
            strict=True,
        )
    ]
    st.markdown("**The same z under every label**" if told else "**An image, and G of its z**")
    st.html(f'<div class="gd-row">{"".join(cells)}</div>')


def _cell(picture: bytes, caption: str) -> str:
    shown = cached.image_html(picture, caption)
    return f"<figure>{shown}<figcaption>{in_html(caption)}</figcaption></figure>"


def walk(checkpoint: Checkpoint, first: int, last: int) -> None:
    """The way from the z of one image to that of another."""
    st.markdown("**A walk from its z to that of the other image**")
    picture = _walk(checkpoint, first, last)
    shown = cached.image_html(picture, f"From image {first + 1} to image {last + 1}")
    st.html(f'<div class="gd-walk">{shown}</div>')
    if checkpoint.card.config.labels.told:
        st.caption("With the label of the first image, and below with that of the other.")


def how_z_lies(checkpoint: Checkpoint, seen: Codes) -> None:
    """The histogram of z beside the prior, and what it says."""
    st.markdown("**How z lies, beside the prior**")
    numbers = [TOGETHER, *(str(number + 1) for number in range(seen.z.shape[1]))]
    with st.columns([1, 2])[0]:
        chosen = st.selectbox(
            "Number of z",
            numbers,
            key="encoded_number",
            bind=links.one_of("encoded_number", numbers),
        )
    values = seen.z.flatten() if chosen == TOGETHER else seen.z[:, int(chosen) - 1]
    x, density, prior = codes.histogram(values)
    of_images = "z of images"
    figure = charts.lines(x, {of_images: density, "prior": prior}, "z", "Density")
    page.chart(figure, "encoded_histogram")
    whose = "images that no training saw" if seen.held_out else "training images"
    weight = checkpoint.card.config.autoencoder.z_weight
    what = "all its numbers together have" if chosen == TOGETHER else f"its number {chosen} has"
    st.markdown(
        f"z of {len(seen.z):,} {whose}: {what} mean {values.mean():.2f} and standard deviation "
        f"**{values.std():.2f}**, where the prior has 0 and 1. On average its numbers are "
        f"**{off_prior(seen.z).mean():.2f}** deviations off the prior (2-Wasserstein distance). "
        f"This autoencoder was trained with a weight of {weight:g} on the discriminator of z."
    )
    st.caption(
        "The histogram says where E puts images, the prior where samples are drawn. People who "
        "train such autoencoders complain that z is *narrow*: then samples are drawn from places "
        "that G has hardly seen, and a step of 1 in z says little. The discriminator on z "
        "(`--z-weight`) pulls both together. At 0 nothing does: on MNIST, after two epochs, z was "
        "0.68 off the prior in place of 0.16, digits were made again better, and 28 % of other "
        "labels were obeyed in place of 95 %."
    )


@st.cache_resource(max_entries=4, show_spinner="Finding images in z.", hash_funcs=BY_FOLDER)
def _codes(checkpoint: Checkpoint) -> Codes:
    network = cached.generator(checkpoint)
    with INFERENCE:
        return codes.codes(checkpoint, network)


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_FOLDER)
def _again(checkpoint: Checkpoint, index: int) -> list[bytes]:
    seen = _codes(checkpoint)
    network = cached.generator(checkpoint)
    with INFERENCE:
        made = codes.again(network, seen, index)
    return [encode(grid(image[None], 1)) for image in (seen.images[index], *made)]


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_FOLDER)
def _walk(checkpoint: Checkpoint, first: int, last: int) -> bytes:
    network = cached.generator(checkpoint)
    seen = _codes(checkpoint)
    with INFERENCE:
        return encode(grid(codes.walk(network, seen, first, last, STEPS), STEPS))
