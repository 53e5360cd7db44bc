"""Pictures that are not square: cropped, padded to fit, or stretched; and what a crop loses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gandash.config import Background
from gandash.data.framing import LEVELS, Frame, crop_loss, square
from tests.data.pictures import encoded, load, pixels_of, png, write_folder

WIDE = np.zeros((16, 48, 3), dtype=np.uint8)  # red, green and blue squares side by side
WIDE[:, :16, 0] = WIDE[:, 16:32, 1] = WIDE[:, 32:, 2] = 200


def framed(tmp_path: Path, content: bytes, **settings: object) -> np.ndarray:
    folder = write_folder(tmp_path / "mine", {"1.png": content, "2.png": content})
    return pixels_of(load(folder, **settings))


def test_a_crop_takes_the_center(tmp_path: Path) -> None:
    assert np.array_equal(framed(tmp_path, encoded(WIDE)), WIDE[:, 16:32])


@pytest.mark.parametrize("background", ["white", "gray", "black"])
def test_fit_keeps_all_of_it_on_the_background(tmp_path: Path, background: Background) -> None:
    pixels = framed(tmp_path, encoded(WIDE), framing="fit", background=background)
    assert (pixels[:5] == LEVELS[background]).all()
    assert (pixels[-5:] == LEVELS[background]).all()
    middle = pixels[8].astype(int)
    for place, color in ((2, [200, 0, 0]), (8, [0, 200, 0]), (13, [0, 0, 200])):
        assert np.abs(middle[place] - color).max() <= 20, "but for the ringing of resampling"


def test_stretch_fills_the_square_with_all_of_it(tmp_path: Path) -> None:
    pixels = framed(tmp_path, encoded(WIDE), framing="stretch")
    assert pixels[0, 2].tolist() == [200, 0, 0]
    assert pixels[15, 13].tolist() == [0, 0, 200]


@pytest.mark.parametrize("background", ["white", "gray", "black"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_what_is_transparent_shows_the_background(
    tmp_path: Path, background: Background, depth: type
) -> None:
    pixels = np.full((16, 16, 4), np.iinfo(depth).max, dtype=depth)
    pixels[:8, :, 3] = 0
    pixels[8:, :, :3] //= 2
    shown = framed(tmp_path, png(pixels), background=background)
    assert (shown[:8] == LEVELS[background]).all()
    assert (shown[8:] == 127).all()


def test_sixteen_bits_are_fitted_on_the_background_too(tmp_path: Path) -> None:
    content = png(np.full((16, 48, 1), 65535, dtype=np.uint16))
    shown = framed(tmp_path, content, framing="fit", background="gray")
    assert (shown[:5] == 128).all()
    assert (shown[7:9] == 255).all()


def test_a_thread_of_pixels_still_fits() -> None:
    image = square(Image.new("RGB", (1000, 1), "red"), Frame(16, "fit"))
    assert image.size == (16, 16)
    assert np.asarray(image)[:, :, 0].min() == 255  # the red line on white


@pytest.mark.parametrize(
    ("width", "height", "loss"), [(10, 10, 0.0), (20, 10, 0.5), (30, 40, 0.25)]
)
def test_what_a_crop_loses(width: int, height: int, loss: float) -> None:
    assert crop_loss(width, height) == loss
