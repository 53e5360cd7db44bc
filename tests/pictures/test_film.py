"""A film of several runs: as many frames as steps, each with every run's picture of the step."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageSequence

from gandash.pictures.film import GAP, LABEL, LAST_MS, WIDEST, gif


def gray(value: int, side: int = 40) -> Image.Image:
    return Image.new("L", (side, side), value)


def test_a_film_has_a_frame_a_step_with_all_runs_side_by_side() -> None:
    tracks = {"one": [gray(0), gray(100)], "a name longer than its picture": [gray(200), gray(250)]}
    film = Image.open(BytesIO(gif(tracks, ["step 0", "step 10"])))
    frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(film)]
    assert len(frames) == 2
    assert frames[0].size == (2 * 40 + GAP, LABEL + 40 + LABEL + GAP)
    for number, (left, right) in enumerate(((0, 200), (100, 250))):
        pixels = np.asarray(frames[number]).astype(int)
        assert abs(pixels[LABEL + 20, 20] - left).max() < 12
        assert abs(pixels[LABEL + 20, 40 + GAP + 20] - right).max() < 12
    film.seek(1)
    assert film.info["duration"] == LAST_MS


def test_many_large_pictures_stay_within_the_width() -> None:
    tracks = {f"run {number}": [gray(10 * number, 600)] for number in range(6)}
    film = Image.open(BytesIO(gif(tracks, ["step 0"], crisp=False)))
    assert film.width <= WIDEST
    assert film.height == LABEL + 2 * ((WIDEST - 3 * GAP) // 4 + LABEL + GAP)
