"""Datasets by name: exact pixels, labels, splits, and one sentence when they are not there."""

from __future__ import annotations

import string
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from gandash import data
from gandash.config import DataConfig
from tests.data.pictures import RGB, RNG, encoded, refusal, write_zip


def write_idx(raw: Path, stem: str, images: np.ndarray, labels: np.ndarray) -> None:
    raw.mkdir(parents=True, exist_ok=True)
    header = struct.pack(">IIII", 0x00000803, *images.shape)
    (raw / f"{stem}-images-idx3-ubyte").write_bytes(header + images.tobytes())
    (raw / f"{stem}-labels-idx1-ubyte").write_bytes(
        struct.pack(">II", 0x00000801, len(labels)) + labels.tobytes()
    )


@pytest.fixture
def idx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """A MNIST folder of five random images."""
    images, labels = RNG.integers(0, 256, (5, 28, 28), dtype=np.uint8), np.arange(5, dtype=np.uint8)
    for stem, shift in (("train", 0), ("t10k", 1)):
        write_idx(
            tmp_path / "MNIST" / "raw", stem, np.roll(images, shift, 0), np.roll(labels, shift)
        )
    monkeypatch.setenv("GANDASH_DATA", str(tmp_path))
    return images, labels


def test_mnist_is_padded_to_32_with_zeros(idx: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = idx
    dataset = data.load(DataConfig(dataset="mnist"))
    assert (dataset.images.shape, dataset.images.dtype) == ((5, 1, 32, 32), torch.uint8)
    assert np.array_equal(dataset.images[:, 0, 2:30, 2:30].numpy(), images)
    assert int(dataset.images.sum()) == int(images.sum())
    assert dataset.labels is not None
    assert dataset.labels.tolist() == labels.tolist()
    assert dataset.classes == tuple("0123456789")
    assert (dataset.name, dataset.title, dataset.shape, len(dataset)) == (
        "mnist",
        "MNIST",
        (1, 32, 32),
        5,
    )


def test_splits_limits_and_color_of_a_named_dataset(idx: tuple[np.ndarray, np.ndarray]) -> None:
    test = data.load(DataConfig(dataset="mnist", limit=2, color="rgb"), split="test")
    assert test.labels is not None
    assert test.images.shape == (2, 3, 32, 32)
    order = [4, 0, 1, 2, 3]  # of the test split
    places = [order.index(label) for label in test.labels.tolist()]
    assert places == sorted(places), "a limit keeps the order"
    assert torch.equal(test.images[:, 0], test.images[:, 2])
    for image, place in zip(test.images, places, strict=True):
        assert np.array_equal(image[1, 2:30, 2:30].numpy(), np.roll(idx[0], 1, 0)[place])


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_idx_files_are_read_as_torchvision_reads_them(
    idx: tuple[np.ndarray, np.ndarray], tmp_path: Path, name: str
) -> None:
    from torchvision import datasets

    (tmp_path / "MNIST").rename(tmp_path / "renamed")
    (tmp_path / "renamed").rename(tmp_path / name)
    theirs = getattr(datasets, name)(str(tmp_path), train=False)
    named = {"MNIST": "mnist", "FashionMNIST": "fashion-mnist", "KMNIST": "kmnist"}[name]
    ours = data.load(DataConfig(dataset=named), split="test")
    assert ours.labels is not None
    assert torch.equal(ours.images[:, 0, 2:30, 2:30], theirs.data)
    assert torch.equal(ours.labels, theirs.targets)
    if name != "MNIST":  # theirs are "0 - zero" and so on
        assert ours.classes == tuple(theirs.classes)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("train-images-idx3-ubyte", b"", "train-images-idx3-ubyte is no whole idx file"),
        ("train-images-idx3-ubyte", b"\0\0\x08\x03\0\0", "is no whole idx file"),
        ("train-labels-idx1-ubyte", b"<html>", "is no whole idx file"),
        ("train-labels-idx1-ubyte", struct.pack(">II", 0x801, 2) + b"ab", "hold 5 and 2"),
    ],
)
def test_a_damaged_idx_file_is_said(
    idx: tuple[np.ndarray, np.ndarray], tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / "MNIST" / "raw" / name).write_bytes(content)
    assert says in refusal(Path("mnist"))


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_a_missing_idx_dataset_says_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise RuntimeError("Error downloading")

    monkeypatch.setenv("GANDASH_DATA", str(tmp_path))
    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", offline)
    sentence = refusal(Path(name))
    assert "could not be downloaded" in sentence
    assert str(tmp_path) in sentence
    assert "GANDASH_DATA" in sentence


@pytest.mark.parametrize("name", ["cifar10", "tinyhero", "noto-emoji", "crawl-tiles"])
def test_a_missing_zip_dataset_says_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("GANDASH_DATA", str(tmp_path))
    assert f"is not in {tmp_path}: put it there" in refusal(Path(name))


def test_cifar_takes_the_split_and_the_classes_from_the_zip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    png = encoded(RGB)
    members = {
        "train/cat/1.jpg": png,
        "train/dog/1.jpg": png,
        "train/dog/2.jpg": png,
        "test/dog/1.jpg": png,
    }
    write_zip(tmp_path / "cifar10-jpeg.zip", members)
    monkeypatch.setenv("GANDASH_DATA", str(tmp_path))
    dataset = data.load(DataConfig(dataset="cifar10", size=32))
    assert dataset.images.shape == (3, 3, 32, 32)
    assert dataset.labels is not None
    assert (dataset.classes, dataset.labels.tolist()) == (("cat", "dog"), [0, 1, 1])
    assert len(data.load(DataConfig(dataset="cifar10"), split="test")) == 1


def test_a_limit_on_sorted_data_takes_as_many_of_each_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CIFAR-10 lies class by class: its first 5,000 images are all airplanes."""
    names = [f"train/{kind}/{i}.jpg" for kind in ("airplane", "bird", "cat") for i in range(10)]
    write_zip(tmp_path / "cifar10-jpeg.zip", dict.fromkeys(names, encoded(RGB)))
    monkeypatch.setenv("GANDASH_DATA", str(tmp_path))
    dataset = data.load(DataConfig(dataset="cifar10", size=32, limit=6))
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert dataset.classes == ("airplane", "bird", "cat")


def test_a_named_zip_that_is_not_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has a name is all there or not used, for its figures are compared."""
    monkeypatch.setenv("GANDASH_DATA", str(tmp_path))
    members = {"train/cat/1.jpg": encoded(RGB), "train/dog/1.jpg": b"damaged"}
    path = write_zip(tmp_path / "cifar10-jpeg.zip", members)
    assert refusal(Path("cifar10")) == (
        "cifar10-jpeg.zip is not whole (left out: 'train/dog/1.jpg' (not a picture, or a damaged "
        "one)): fetch it anew"
    )
    write_zip(path, {"other/cat/1.jpg": encoded(RGB)})
    assert refusal(Path("cifar10")) == (
        "cifar10-jpeg.zip has no images of this split: fetch it anew"
    )
    path.write_bytes(b"PK\x03\x04")
    assert refusal(Path("cifar10")) == "cifar10-jpeg.zip is not a readable zip: make it anew"


def test_real_mnist(mnist: Path) -> None:
    train, test = (
        data.load(DataConfig(dataset="mnist")),
        data.load(DataConfig(dataset="mnist"), "test"),
    )
    assert (len(train), len(test)) == (60_000, 10_000)
    assert train.labels is not None
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert train.images[:, :, 2:30, 2:30].double().mean().item() / 255 == pytest.approx(
        0.1306605, abs=1e-6
    )


def test_real_tinyhero(mnist: Path) -> None:
    if not (mnist / "tinyhero.zip").is_file():
        pytest.skip(f"tinyhero.zip is not in {mnist}")
    train, test = (
        data.load(DataConfig(dataset="tinyhero", size=64), split) for split in ("train", "test")
    )
    assert train.images.shape == (3192, 3, 64, 64)
    assert test.images.shape == (456, 3, 64, 64)
    for dataset in (train, test):
        assert dataset.classes == ("angle0", "angle1", "angle2", "angle3")
        assert dataset.images[:, :, 0, 0].eq(255).all(), "transparent corners must be white"


def test_every_eighth_hero_is_held_out_from_all_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shades = {f"angle{side}/{hero}.png": hero for side in (0, 1) for hero in range(17)} | {
        "angle0/eight.png": 99
    }
    members = {
        name: encoded(np.full((64, 64, 3), shade, np.uint8)) for name, shade in shades.items()
    }
    write_zip(tmp_path / "tinyhero.zip", members)
    monkeypatch.setenv("GANDASH_DATA", str(tmp_path))
    split = {
        name: data.load(DataConfig(dataset="tinyhero", size=64), name) for name in ("train", "test")
    }
    assert split["test"].images[:, 0, 0, 0].tolist() == [
        0,
        16,
        8,
        0,
        16,
        8,
    ]  # in the order of names
    assert sorted(set(split["train"].images[:, 0, 0, 0].tolist())) == [
        *range(1, 8),
        *range(9, 16),
        99,
    ]


@pytest.mark.parametrize(
    ("name", "members", "groups"),
    [
        (
            "noto-emoji",
            [f"emoji_u{sign}{tone}.png" for sign in range(24) for tone in ("", "_1f3fb", "_1f3ff")],
            24,
        ),
        (
            "crawl-tiles",
            [f"mon/{sign}{turn}.png" for sign in string.ascii_letters for turn in "12"],
            52,
        ),
    ],
)
def test_what_belongs_together_is_held_out_together(
    name: str, members: list[str], groups: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sign in all of its skin colors, a tile and its variants."""
    shades = {file: number for number, file in enumerate(members)}
    pictures = {
        file: encoded(np.full((32, 32, 3), shade, np.uint8)) for file, shade in shades.items()
    }
    write_zip(tmp_path / f"{name}.zip", pictures)
    monkeypatch.setenv("GANDASH_DATA", str(tmp_path))
    size = data.SOURCES[name].size
    held, kept = (
        set(data.load(DataConfig(dataset=name, size=size), split).images[:, 0, 9, 9].tolist())
        for split in ("test", "train")
    )
    assert held
    assert held | kept == set(shades.values())
    of_group = len(members) // groups
    for group in range(groups):
        its = {group * of_group + place for place in range(of_group)}
        assert its <= held or its <= kept


# Numbers


def test_uint8_and_unit_range_are_inverse() -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    unit = data.to_unit(levels)
    assert (unit.min(), unit.max()) == (-1, 1)
    torch.testing.assert_close(unit, torch.linspace(-1, 1, 256), rtol=0, atol=1e-6)
    assert torch.equal(data.to_uint8(unit), levels)
    assert data.to_uint8(torch.tensor([-9.0, 9.0, 0.001, -0.001])).tolist() == [0, 255, 128, 127]


def test_fit_keeps_a_size_that_fits_and_averages_when_shrinking() -> None:
    images = torch.randint(
        0, 256, (3, 1, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    assert data.fit(images, 32) is images
    flat = torch.full((2, 3, 64, 64), 77, dtype=torch.uint8)
    assert torch.equal(data.fit(flat, 16), torch.full((2, 3, 16, 16), 77, dtype=torch.uint8))
    stripes = torch.tensor([255, 0, 0, 255], dtype=torch.uint8).repeat(16).expand(1, 1, 64, 64)
    shrunk = data.fit(stripes, 16).float()
    assert shrunk.min() > 64, "pixels between the sampled ones must count"
    assert abs(float(shrunk.mean()) - 127.5) < 8


def test_held_out_images_are_no_training_images_and_of_all_classes(image_folder: Path) -> None:
    whole = data.load(DataConfig(dataset=str(image_folder), size=16))
    config = DataConfig(dataset=str(image_folder), size=16, held_out=0.25)
    parted = data.load(config)
    assert whole.held_out is None
    assert parted.held_out is not None
    assert (len(parted), len(parted.held_out)) == (18, 6)
    assert parted.held_out.labels is not None
    assert parted.held_out.labels.bincount().tolist() == [3, 3]
    rows = torch.cat([parted.images, parted.held_out.images]).flatten(1).tolist()
    assert sorted(rows) == sorted(whole.images.flatten(1).tolist())
    again = data.load(config)
    assert again.fingerprint == parted.fingerprint != whole.fingerprint
    assert data.load(config.model_copy(update={"held_out": 0.01})).held_out is not None
