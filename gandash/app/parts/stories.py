"""Where to begin: views of the shipped checkpoints that each show one thing worth knowing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import streamlit as st

from gandash.app import cached
from gandash.checkpoints import Checkpoint

TILES, PER_ROW = 9, 3


@dataclass(frozen=True)
class Story:
    """A link to an exact view, with what is to be seen there.

    ``needs`` are the checkpoints that it shows, the first of them on its picture.
    """

    title: str
    says: str
    script: str
    path: str
    icon: str
    needs: tuple[str, ...]
    view: Mapping[str, str | list[str]] = field(default_factory=dict)


STORIES = (
    Story(
        "When D wins",
        "Its loss falls to 0 and D(G(z)) with it; what G then learns from is noise.",
        "views/curves.py", "curves", ":material/trending_flat:", ("mnist-failure-strong-d",),
        {"curves_runs": "mnist-failure-strong-d", "curves_log": "true", "curves_why": "true"},
    ),
    Story(
        "Mode collapse",
        "Every z gives the same picture, and the losses do not tell.",
        "views/curves.py", "curves", ":material/content_copy:", ("mnist-failure-collapse",),
        {"curves_runs": "mnist-failure-collapse"},
    ),
    Story(
        "0.9 instead of 1",
        "Runs that differ in D's targets alone, three seeds, an honest answer.",
        "views/smoothing.py", "smoothing", ":material/tune:",
        ("mnist-dcgan", "mnist-dcgan-one-sided", "mnist-dcgan-two-sided"),
    ),
    Story(
        "From one digit to another",
        "Walk from one latent vector to another: what lies between are digits too.",
        "views/latent.py", "latent", ":material/timeline:", ("mnist-dcgan",),
        {"latent_checkpoint": "mnist-dcgan", "latent_a": "12", "latent_b": "5"},
    ),
)  # fmt: skip


def stories(found: Iterable[Checkpoint]) -> None:
    """The stories whose checkpoints are all among those found, each with its picture."""
    by_name = {checkpoint.name: checkpoint for checkpoint in found}
    told = [story for story in STORIES if by_name.keys() >= set(story.needs)]
    for story in told:
        with st.container(border=True, key=f"gallery_story_{STORIES.index(story)}"):
            picture, words = st.columns([1, 6], vertical_alignment="center")
            with picture, suppress(ValueError, OSError):  # damaged weights: its card says so
                content = cached.sample_grid(by_name[story.needs[0]], 0, TILES, PER_ROW)
                st.html(cached.image_html(content, ""))
            page = st.Page(story.script, url_path=story.path)
            words.page_link(page, label=f"**{story.title}**", query_params=dict(story.view))
            words.html(f'<p class="gd-facts">{story.says}</p>')
