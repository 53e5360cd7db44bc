"""The sample grids of one or more runs under one step cursor, scrubbed in the browser."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import streamlit as st
from PIL import Image

from gandash import runs
from gandash.app import cached
from gandash.app.parts.refusals import sentence
from gandash.app.parts.scrubber import Cursor, Track, scrubber
from gandash.config import Config
from gandash.pictures import film

MOST_FRAMES = 40
SINGLE_WIDTH, SHARED_WIDTH = 480, 400


@st.fragment
def timeline(
    folders: dict[str, Path],
    configs: Iterable[Config],
    key: str,
    *,
    charts: Sequence[str] = (),
    places_of: Callable[[int], list[tuple[float, str]]] = lambda _: [],
    per_row: int = 4,
) -> None:
    """Snapshots of every folder, trained as ``configs`` say; at each cursor step a run shows its
    latest up to that.

    The step is marked on plotly ``charts`` as well, where ``places_of`` says that it lies on their
    x axis.
    """
    snapshots = {name: whole(thinned(runs.read_snapshots(it))) for name, it in folders.items()}
    snapshots = {name: found for name, found in snapshots.items() if found}
    if not snapshots:
        st.info("These runs have kept no samples yet.", icon=":material/image_not_supported:")
        return
    kinds = {name: config.data.kind for name, config in zip(folders, configs, strict=True)}
    steps = sorted({step for found in snapshots.values() for step in found})
    tracks = [
        track(name, found, steps, crisp=kinds[name].pixels) for name, found in snapshots.items()
    ]
    over = "the samples or a curve" if charts else "the samples"
    crisp = all(kinds[name].pixels for name in snapshots)
    st.download_button(
        "Download film (GIF)",
        lambda: film_of(snapshots, steps, crisp=crisp),
        "gandash-film.gif",
        "image/gif",
        icon=":material/movie:",
        on_click="ignore",
        type="tertiary",
        key=f"{key}_film",
    )
    scrubber(
        tracks,
        [f"step {step:,}" for step in steps],
        key=key,
        label="Training step",
        default=len(steps) - 1,
        frame_width=SINGLE_WIDTH if len(tracks) == 1 else SHARED_WIDTH,
        per_row=per_row,
        cursor=Cursor(charts, [places_of(step) for step in steps]),
        hint=f"Move the pointer over {over}, drag, or use the arrow keys: the same noise at every "
        "step, "
        "drawn in eval mode (from the moving average of G where the run keeps one).",
    )


def film_of(
    snapshots: Mapping[str, Mapping[int, Path]], steps: Sequence[int], *, crisp: bool
) -> bytes:
    """All steps as an animated GIF, at each of them every run's latest snapshot; made when asked
    for.
    """
    shown = thinned(dict.fromkeys(steps, Path()))
    tracks = {}
    for name, found in snapshots.items():
        own = list(found)
        at = [own[max(bisect_right(own, step) - 1, 0)] for step in shown]
        pictures = {step: Image.open(found[step], formats=["WEBP"]) for step in set(at)}
        tracks[name] = [pictures[step] for step in at]
    return film.gif(tracks, [f"step {step:,}" for step in shown], crisp=crisp)


def thinned(found: dict[int, Path]) -> dict[int, Path]:
    """At most ``MOST_FRAMES`` snapshots, the first and the last among them."""
    steps = list(found)
    if len(steps) <= MOST_FRAMES:
        return found
    kept = {round(i * (len(steps) - 1) / (MOST_FRAMES - 1)) for i in range(MOST_FRAMES)}
    return {step: found[step] for i, step in enumerate(steps) if i in kept}


def whole(found: dict[int, Path]) -> dict[int, Path]:
    """The grids that can be shown together: those that are of the first one's size.

    Of the others it is said that they are left out.
    """
    sizes: dict[int, tuple[int, int]] = {}
    damaged = ""
    for step, path in found.items():
        try:
            sizes[step] = cached.snapshot_size(path)
        except ValueError as error:
            damaged = damaged or sentence(error)
    size = next(iter(sizes.values()), None)
    kept = {step: found[step] for step in sizes if sizes[step] == size}
    if damaged:
        st.warning(damaged, icon=":material/broken_image:")
    elif len(kept) < len(found):
        st.warning("Sample grids of another size are left out.", icon=":material/broken_image:")
    return kept


def track(name: str, found: dict[int, Path], steps: list[int], *, crisp: bool) -> Track:
    """A run's snapshots on the common steps."""
    own = list(found)
    width, height = cached.snapshot_size(found[own[0]])
    frames = [(max(bisect_right(own, step) - 1, 0), 0, 0) for step in steps]
    return Track(
        name, [cached.published(path) for path in found.values()], frames, width, height, crisp
    )
