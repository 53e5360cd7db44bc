"""Where to begin: views of the shipped checkpoints that each show one thing worth knowing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import streamlit as st


@dataclass(frozen=True)
class Story:
    """A link to an exact view, with what is to be seen there.

    ``needs`` are the checkpoints that it shows.
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
        "D is never wrong, its loss is 0, and G's samples stay noise. Its gradient norm says why.",
        "views/loss_curves.py", "curves", ":material/trending_flat:", ("mnist-failure-strong-d",),
        {"curves_runs": "mnist-failure-strong-d"},
    ),
    Story(
        "Mode collapse",
        "Every z gives the same picture, and the losses do not tell. Step through the samples.",
        "views/loss_curves.py", "curves", ":material/content_copy:", ("mnist-failure-collapse",),
        {"curves_runs": "mnist-failure-collapse"},
    ),
    Story(
        "Label smoothing",
        "One run three times, which differ in D's targets alone: 1 and 0, 0.9 and 0, 0.9 and 0.1.",
        "views/label_smoothing.py", "smoothing", ":material/tune:",
        ("mnist-dcgan", "mnist-dcgan-one-sided", "mnist-dcgan-two-sided"),
    ),
    Story(
        "From one digit to another",
        "Walk from one latent vector to another: what lies between are digits too.",
        "views/latent_space.py", "latent", ":material/timeline:", ("mnist-dcgan",),
        {"latent_checkpoint": "mnist-dcgan", "latent_a": "12", "latent_b": "5"},
    ),
)  # fmt: skip


def stories(there: Iterable[str]) -> None:
    """The stories whose checkpoints are all ``there``, side by side."""
    names = set(there)
    told = [story for story in STORIES if names.issuperset(story.needs)]
    for column, story in zip(st.columns(len(STORIES)) if told else (), told, strict=False):
        with column.container(border=True, height="stretch", gap="xsmall"):
            page = st.Page(story.script, url_path=story.path)
            st.page_link(
                page, label=f"**{story.title}**", icon=story.icon, query_params=dict(story.view)
            )
            st.html(f'<p class="gd-facts gd-says">{story.says}</p>')
