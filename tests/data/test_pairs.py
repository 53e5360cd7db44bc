"""Pairs: what is made of images, and folders and zips as others keep theirs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from gandash import data
from gandash.config import DataConfig
from gandash.data import Dataset, pairing


def square(level: int, size: int = 16) -> Image.Image:
    return Image.new("RGB", (size, size), (level, level // 2, 0))


def load(place: Path, **settings: object) -> Dataset:
    config = DataConfig.model_validate({"dataset": f"pairs:{place}", "size": 16, **settings})
    return data.load(config)


def levels(images: Tensor) -> list[list[int]]:
    """The red level of both images of each pair, in order."""
    return [[int(image[0, 8, 8]) for image in pair] for pair in images]


def test_edges_lie_where_levels_change_and_are_one_pixel_wide() -> None:
    image = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
    image[..., 8:24, 8:24] = 255
    lines = pairing.edges(image)[0, 0] == 0
    assert set(lines.sum(1).tolist()[10:22]) == {2}, "a left and a right side in each row"
    assert lines[10:22].any(0).nonzero().flatten().tolist() in ([7, 23], [8, 24], [7, 24], [8, 23])
    assert not pairing.edges(torch.full((2, 3, 16, 16), 77, dtype=torch.uint8)).ne(255).any()
    faint = torch.full((1, 1, 32, 32), 100, dtype=torch.uint8)
    faint[..., 16:] += 20  # less than a fifth of black to white
    assert (pairing.edges(faint) == 255).all()


def test_edges_turn_with_the_image() -> None:
    rng = torch.Generator().manual_seed(0)
    coarse = torch.randint(0, 2, (4, 1, 4, 4), generator=rng) * 255
    images = coarse.repeat_interleave(8, 2).repeat_interleave(8, 3).byte()
    count = (pairing.edges(images) == 0).sum((1, 2, 3)).float()
    turned = (pairing.edges(pairing.turned(images)) == 0).sum((1, 2, 3)).float()
    assert ((count - turned).abs() <= 0.1 * count).all()


def test_gray_is_repeated_where_the_other_is_in_color() -> None:
    color = torch.randint(0, 256, (3, 3, 16, 16)).byte()
    pairs = pairing.paired(pairing.gray(color), color)
    assert pairs.shape == (3, 2, 3, 16, 16)
    assert torch.equal(pairs[:, 1], color)
    assert torch.equal(pairs[:, 0, 0], pairs[:, 0, 2])


@pytest.mark.parametrize("zipped", [False, True])
def test_pictures_side_by_side_are_halved(tmp_path: Path, zipped: bool) -> None:
    folder = tmp_path / "maps"
    folder.mkdir()
    for number in range(3):
        both = Image.new("RGB", (40, 20))
        both.paste(square(10 * number, 20), (0, 0))
        both.paste(square(100 + number, 20), (20, 0))
        both.save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    place = folder
    if zipped:
        place = tmp_path / "maps.zip"
        with zipfile.ZipFile(place, "w") as archive:
            for path in folder.iterdir():
                archive.write(path, path.name)
    dataset = load(place)
    assert dataset.shape == (2, 3, 16, 16)
    assert levels(dataset.images) == [[0, 100], [10, 101], [20, 102]]
    assert [item.name for item in dataset.left_out] == ["broken.png"]
    assert dataset.belong


def test_files_of_one_name_in_a_and_b_belong_together(tmp_path: Path) -> None:
    for folder, names in (("trainA", "pqx"), ("trainB", "qpy"), ("testA", "r"), ("testB", "r")):
        (tmp_path / "own" / folder).mkdir(parents=True)
        for name in names:
            level = ord(name) + (100 if folder.endswith("B") else 0)
            square(level).save(tmp_path / "own" / folder / f"{name}.png")
    dataset = load(tmp_path / "own")
    assert levels(dataset.images) == [[ord("p"), ord("p") + 100], [ord("q"), ord("q") + 100]]
    left = {item.name: item.reason for item in dataset.left_out}
    assert left == {
        "trainA/x.png": "without its other image",
        "trainB/y.png": "without its other image",
    }
    assert dataset.belong


def test_folders_without_common_names_do_not_belong_together(tmp_path: Path) -> None:
    for folder, count in (("A", 2), ("B", 3)):
        (tmp_path / "own" / folder).mkdir(parents=True)
        for number in range(count):
            level = number + (100 if folder == "B" else 0)
            square(level).save(tmp_path / "own" / folder / f"{folder}{number}.png")
    dataset = load(tmp_path / "own")
    assert not dataset.belong
    assert levels(dataset.images) == [[0, 100], [1, 101], [0, 102]]


def test_gray_pairs_have_one_channel_and_color_is_as_asked(tmp_path: Path) -> None:
    folder = tmp_path / "gray"
    folder.mkdir()
    for number in range(2):
        Image.new("L", (32, 16), 40 * number).save(folder / f"{number}.png")
    assert load(folder).shape == (2, 1, 16, 16)
    assert load(folder, color="rgb").shape == (2, 3, 16, 16)


@pytest.mark.parametrize("content", [(), ("a.png",)])
def test_what_holds_no_two_pairs_is_refused(tmp_path: Path, content: tuple[str, ...]) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    for name in content:
        square(3).save(folder / name)
    with pytest.raises(ValueError, match="at least 2 images"):
        load(folder)


def test_a_name_that_is_none_is_refused_with_those_of_pairs() -> None:
    with pytest.raises(ValueError, match=r"one of pairs:edges-fashion-mnist, .* is neither"):
        load(Path("nowhere-at-all"))
