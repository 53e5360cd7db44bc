"""Gallery: a generator in the hand, and every checkpoint as a card."""

from __future__ import annotations

import streamlit as st

from gandash import browser
from gandash.app import cached
from gandash.app.assets import publish
from gandash.app.parts import (
    browse,
    choose,
    foreign,
    jobs,
    page,
)
from gandash.app.parts.cards import cards, opened
from gandash.app.parts.figures import figures
from gandash.app.parts.in_browser import in_browser
from gandash.app.parts.nearest import nearest
from gandash.app.parts.quoted import in_html, in_markdown
from gandash.app.parts.stories import stories
from gandash.checkpoints import Checkpoint
from gandash.jobs import measuring, task
from gandash.jobs.task import Job
from gandash.storage.paths import runs_root

IN_HAND = "tinyhero-dcgan"
CORNERS = (25, 11, 15, 23)  # seeds of what lies in the corners of the picture
WAYS = (
    ("views/learn.py", "learn", "Learn in eight lessons", ":material/school:"),
    ("views/playground.py", "playground", "Watch one in the plane", ":material/scatter_plot:"),
    ("views/train.py", "train", "Train your own", ":material/model_training:"),
    ("views/compare.py", "compare", "Compare several", ":material/compare:"),
)


def in_hand(found: list[Checkpoint]) -> None:
    """What this page is, a generator that can be touched at once, and where to begin."""
    images = [checkpoint for checkpoint in found if checkpoint.card.data.kind.pixels]
    if not images:
        return
    checkpoint = next((it for it in images if it.name == IN_HAND), images[0])
    with st.container(key="gallery_hand"):  # on a phone its picture comes first
        about, picture, begin = st.columns([1.2, 0.8, 1.5], gap="medium")
    with about:
        st.html(
            '<p class="gd-hero">Hold a generator in your hand</p>'
            f'<p class="gd-says">{len(found)} GANs, each with the run that made it. Move over the '
            f"picture: every place is a point in the latent space of "
            f"{in_html(checkpoint.card.title)}, and its generator runs in your browser.</p>"
        )
        with st.container(horizontal=True):
            st.page_link(
                st.Page("views/latent.py", url_path="latent"),
                label="Open in Latent space",
                icon=":material/timeline:",
                query_params={
                    "latent_checkpoint": checkpoint.name,
                    "latent_tray": ",".join(str(seed) for seed in CORNERS),
                },
            )
            for script, path, label, icon in WAYS:
                st.page_link(st.Page(script, url_path=path), label=label, icon=icon)
    with picture, page.one_sentence():
        hand(checkpoint)
    with begin:
        stories(found)


def hand(checkpoint: Checkpoint) -> None:
    """A generator under the pointer, run by the visitor's browser."""
    in_browser(
        "hand",
        "hand/hand.js",
        "mountHand",
        "hand/hand.css",
        {
            "name": checkpoint.name,
            "title": checkpoint.card.title,
            "shape": checkpoint.card.data.shape,
            "seeds": CORNERS,
            "poster": publish(cached.middle(checkpoint, CORNERS)),
            "worker": publish(browser.joined("runtime/worker.js").encode(), "js"),
        },
        key="gallery_in_hand",
    )


def grid(groups: browse.Groups, titles: dict[str, str]) -> None:
    """One page of cards, under the headings of their groups."""
    if not any(found for _, found in groups):
        st.info(
            "No checkpoint passes all filters: take one away.", icon=":material/filter_alt_off:"
        )
        return
    area = st.container()
    if any(heading for heading, _ in groups):
        area.caption(
            "Lowest Fréchet distance first, within one protocol: distances of different protocols "
            "cannot be compared."
        )
    for number, (heading, found) in enumerate(browse.paged(groups)):
        with area:
            if heading:
                st.markdown(heading)
            cards(found, titles, f"gallery_cards_{number}", heading or "Checkpoints")


def underway(job: Job | None, everything: list[Checkpoint], shown: str) -> None:
    """What is measured beside the server, unless its checkpoint is open and says so itself."""
    if job is None:
        return
    for checkpoint in everything:
        if job.concerns(measuring.MODULE, checkpoint.folder) and checkpoint.name != shown:
            st.caption(f"Measuring {in_markdown(checkpoint.card.title)}")
            jobs.show(job, checkpoint.name)


def leaderboard(found: list[Checkpoint]) -> None:
    """The figures of measured checkpoints, one table for each protocol.

    Across protocols nothing is ranked.
    """
    if not figures(found):
        return
    st.caption(
        "Best Fréchet distance first. Step: weights of the last step, or of the one with the least "
        "distance while it trained; one chosen on the test split was chosen to be near the very "
        "images it is measured against, and does not compare with a last one. "
        "Precision: share of samples near a real image; recall: share of real images near "
        "a sample; score: how sure and how varied the classifier's answers are; missing: classes "
        "with less than a tenth of their share; memorization: distance to the training set over "
        "that of unseen real images, 1 is best. "
        "Figures of different protocols cannot be compared."
    )


page.header("Gallery")
everything = page.checkpoints_or_stop()
in_hand(everything)
shown, groups = (
    browse.chosen(everything) if len(everything) > 1 else (everything, [("", everything)])
)
job = task.current(runs_root())
names = choose.titles_of(everything)
on_top = opened(everything, names, job)
underway(job, everything, on_top)
grid(groups, names)
foreign.bring_in()
nearest(everything)
leaderboard(shown)
