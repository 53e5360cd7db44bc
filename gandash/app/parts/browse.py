"""Which checkpoints the gallery shows, in which order, and how many at a time.

Every choice is in the URL.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import streamlit as st

from gandash.app.hosting import visitors
from gandash.app.parts import links, score_tables
from gandash.checkpoints import Card, Checkpoint
from gandash.losses.objectives import OBJECTIVES
from gandash.runs import Run
from gandash.storage.paths import runs_root

PER_PAGE = 35
UNMEASURED = "Not measured yet."
KINDS: dict[str, Callable[[Card], str]] = {
    "data": lambda card: card.data.title,
    "objective": lambda card: OBJECTIVES[card.config.loss.objective].title,
    "size": lambda card: card.data.kind.size(card.data.shape),
}
Groups = list[tuple[str, list[Checkpoint]]]


def shipped_first(found: list[Checkpoint]) -> Groups:
    """One group in the order that all pages offer them in.

    The zoo's own, then finished runs by name.
    """
    return [("", found)]


def yours_first(found: list[Checkpoint]) -> Groups:
    """One group: runs and what was brought in, the newest first, before what ships."""
    own: list[Checkpoint] = []
    others: list[Checkpoint] = []
    for checkpoint in found:
        (own if is_own(checkpoint) else others).append(checkpoint)
    own.sort(key=lambda checkpoint: checkpoint.card.created, reverse=True)
    return [("", [*own, *others])]


def is_own(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint does not ship, and is the visitor's where that matters."""
    return checkpoint.folder.parent == runs_root() and visitors.may_change(Run(checkpoint.folder))


def by_name(found: list[Checkpoint]) -> Groups:
    """One group without a heading."""
    return [("", sorted(found, key=lambda checkpoint: checkpoint.name))]


def by_age(found: list[Checkpoint]) -> Groups:
    """One group, the newest first."""
    return [("", sorted(found, key=lambda checkpoint: checkpoint.card.created, reverse=True))]


def by_frechet(found: list[Checkpoint]) -> Groups:
    """A group for each protocol, the largest first, each ranked in itself.

    Then what was not measured, by name.
    """
    named = {checkpoint.name: checkpoint for checkpoint in found}
    ranked = score_tables.by_protocol([checkpoint.card for checkpoint in found])
    groups = [
        (score_tables.heading(cards[0], protocol), [named[card.name] for card in cards])
        for protocol, cards in sorted(
            ranked.items(), key=lambda group: (-len(group[1]), str(group[0]))
        )
    ]
    rest = [checkpoint for checkpoint in found if not checkpoint.card.measured]
    return [*groups, (UNMEASURED, rest)] if rest else groups


ORDERS: dict[str, Callable[[list[Checkpoint]], Groups]] = {
    "Yours first": yours_first, "Shipped first": shipped_first, "Name": by_name,
    "Newest": by_age, "Fréchet": by_frechet,
}  # fmt: skip


def cut(groups: Groups, page: int, per_page: int = PER_PAGE) -> Groups:
    """The groups on one page, counted from 1; a group that goes on keeps its heading."""
    flat = [(heading, checkpoint) for heading, found in groups for checkpoint in found]
    shown = flat[(page - 1) * per_page : page * per_page]
    return [
        (heading, [item for _, item in part])
        for heading, part in groupby(shown, key=lambda pair: pair[0])
    ]


def chosen(found: list[Checkpoint]) -> tuple[list[Checkpoint], Groups]:
    """The checkpoints that pass the filters, and all of them in the order that was asked for."""
    filters = {
        name: sorted({kind(checkpoint.card) for checkpoint in found})
        for name, kind in KINDS.items()
    }
    filters = {name: options for name, options in filters.items() if len(options) > 1}
    possible = {
        "Yours first": any(is_own(checkpoint) for checkpoint in found),
        "Fréchet": any(checkpoint.card.measured for checkpoint in found),
    }
    orders = [name for name in ORDERS if possible.get(name, True)]
    with st.container(horizontal=True, vertical_alignment="center", key="gallery_filters"):
        for name, options in filters.items():
            wanted = filter_of(name, options)
            found = [it for it in found if not wanted or KINDS[name](it.card) in wanted]
        order = st.selectbox(
            "Sort by",
            orders,
            key="gallery_sort",
            bind=links.one_of("gallery_sort", orders),
            on_change=to_first_page,
            label_visibility="collapsed",
            width=160,
        )
    return found, ORDERS[order](found)


def filter_of(name: str, options: list[str]) -> list[str]:
    """What a filter lets pass; nothing chosen lets everything."""
    key = f"gallery_{name}"
    if name == "data":
        return st.pills(
            "Data",
            options,
            selection_mode="multi",
            key=key,
            bind=links.some_of(key, options),
            on_change=to_first_page,
            label_visibility="collapsed",
        )
    return st.multiselect(
        name.capitalize(),
        options,
        placeholder=f"{name.capitalize()}: all",
        key=key,
        bind=links.some_of(key, options),
        on_change=to_first_page,
        label_visibility="collapsed",
        width=200,
    )


def to_first_page() -> None:
    """Another choice starts at its beginning."""
    st.session_state.gallery_page = 1


def paged(groups: Groups) -> Groups:
    """The groups of the page that the visitor is on, with the way to the others below."""
    count = sum(len(found) for _, found in groups)
    pages = -(-count // PER_PAGE)
    if pages < 2:
        return groups
    if st.session_state.get("gallery_page", 1) > pages:
        st.session_state.gallery_page = pages
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        page = st.pagination(
            pages, width=360, key="gallery_page", bind=links.whole("gallery_page", 1, pages)
        )
        first = (page - 1) * PER_PAGE
        st.caption(
            f"{first + 1} to {min(first + PER_PAGE, count)} of {count} checkpoints", width="content"
        )
    return cut(groups, page)
