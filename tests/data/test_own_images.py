"""Folders and zips of one's own: classes, colors, what is left out, one sentence if unusable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gandash import data
from gandash.config import DataConfig
from gandash.data import stacking
from gandash.storage import memory
from tests.data.pictures import (
    GRAY,
    RGB,
    RNG,
    WRITERS,
    Writer,
    encoded,
    left_out,
    load,
    pixels_of,
    refusal,
    write_folder,
    write_zip,
)

# Classes


@WRITERS
def test_class_folders_become_labels(tmp_path: Path, write: Writer) -> None:
    members = {
        "b/2.png": encoded(RGB),
        "a/x.png": encoded(RGB[::-1]),
        "b/1.PNG": encoded(RGB[:, ::-1]),
    }
    dataset = load(write(tmp_path / "mine", members))
    assert dataset.classes == ("a", "b")
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0, 1, 1]
    expected = np.stack([RGB[::-1], RGB[:, ::-1], RGB])
    assert np.array_equal(dataset.images.permute(0, 2, 3, 1).numpy(), expected)
    assert (dataset.name, dataset.shape, dataset.note) == ("mine", (3, 16, 16), "")


@WRITERS
@pytest.mark.parametrize("top", ["", "photos/", "a/b/"])
def test_one_folder_of_images_has_no_labels(tmp_path: Path, write: Writer, top: str) -> None:
    dataset = load(write(tmp_path / "mine", {f"{top}{i}.png": encoded(RGB) for i in range(3)}))
    assert (dataset.labels, dataset.classes) == (None, ())


@WRITERS
@pytest.mark.parametrize("top", ["", "photos/"])
def test_a_picture_beside_the_class_folders_is_no_class(
    tmp_path: Path, write: Writer, top: str
) -> None:
    names = ["cats/1.png", "cats/2.png", "dogs/1.png", "cover.png"]
    dataset = load(write(tmp_path / "mine", {top + name: encoded(RGB) for name in names}))
    assert dataset.classes == ("cats", "dogs")
    assert len(dataset) == 3
    assert left_out(dataset) == {f"{top}cover.png": "beside the class folders"}
    assert dataset.note == (
        f"3 of 4 files are used; left out: '{top}cover.png' (beside the class folders)."
    )


@WRITERS
def test_pictures_beside_one_folder_are_one_set(tmp_path: Path, write: Writer) -> None:
    names = ["more/1.png", "1.png", "2.png"]
    dataset = load(write(tmp_path / "mine", dict.fromkeys(names, encoded(RGB))))
    assert (len(dataset), dataset.labels, dataset.note) == (3, None, "")


@WRITERS
def test_classes_are_those_of_all_files_and_not_of_the_readable_ones(
    tmp_path: Path, write: Writer
) -> None:
    """With the dogs gone, all that is left lies in or below cats: cats stay a class."""
    names = ["cats/1.png", "cats/big/1.png", "cats/small/1.png"]
    members = dict.fromkeys(names, encoded(RGB)) | {"dogs/1.png": b"damaged"}
    dataset = load(write(tmp_path / "mine", members))
    assert dataset.labels is not None
    assert (dataset.classes, dataset.labels.tolist()) == (("big", "cats", "small"), [1, 0, 2])
    assert list(left_out(dataset)) == ["dogs/1.png"]


@WRITERS
def test_what_systems_put_beside_pictures_is_no_data(tmp_path: Path, write: Writer) -> None:
    """Notebook checkpoints, trash, resource forks, thumbnails of a NAS: neither class nor file."""
    picture = encoded(RGB)
    hidden = [
        ".ipynb_checkpoints/1-checkpoint.png", ".Trash-1000/files/old.png", "a/.hidden.png",
        "__MACOSX/a/1.png", "a/@eaDir/1.png", "$RECYCLE.BIN/gone.png", "a/.thumbs/1.jpg",
    ]  # fmt: skip
    members = {"a/1.png": picture, "b/1.png": picture, "a/._1.png": b"a resource fork"}
    dataset = load(write(tmp_path / "mine", members | dict.fromkeys(hidden, picture)))
    assert (dataset.classes, len(dataset), dataset.note) == (("a", "b"), 2, "")


def test_a_hidden_folder_may_be_chosen_itself(tmp_path: Path) -> None:
    members = {f"{i}.png": encoded(RGB) for i in range(2)}
    assert len(load(write_folder(tmp_path / ".cache" / "mine", members))) == 2


def test_backslashes_of_windows_are_folders(tmp_path: Path) -> None:
    names = [r"photos\cats\1.png", r"photos\dogs\1.png", r"photos\dogs\2.png"]
    dataset = load(write_zip(tmp_path / "mine.zip", dict.fromkeys(names, encoded(RGB))))
    assert dataset.labels is not None
    assert (dataset.classes, dataset.labels.tolist()) == (("cats", "dogs"), [0, 1, 1])


def test_too_many_classes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacking, "MAX_CLASSES", 2)
    folder = write_folder(tmp_path / "mine", {f"{c}/1.png": encoded(RGB) for c in "abc"})
    assert refusal(folder) == (
        "Images may be in at most 2 class folders, and these are in 3: put them into fewer, or all "
        "into one"
    )


# Colors and sizes


def test_color_auto_is_as_the_data_has_it(tmp_path: Path) -> None:
    gray = {
        "1.png": encoded(GRAY),
        "2.png": encoded(GRAY, mode="RGB"),
        "3.png": encoded(GRAY, mode="LA"),
    }
    folder = write_folder(tmp_path / "gray", gray)
    expected = np.broadcast_to(GRAY, (3, 1, 16, 16))
    assert np.array_equal(load(folder).images.numpy(), expected)
    assert load(folder, color="rgb").shape == (3, 16, 16)
    mixed = write_folder(tmp_path / "mixed", gray | {"4.png": encoded(RGB)})
    assert load(mixed).shape == (3, 16, 16)


def test_color_grey_is_luma(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", {f"{i}.png": encoded(RGB) for i in range(2)})
    luma = RGB @ np.array([0.299, 0.587, 0.114])
    dataset = load(folder, color="grey")
    assert dataset.images.shape == (2, 1, 16, 16)
    assert np.abs(dataset.images[0, 0].numpy() - luma).max() <= 1


def test_28_pixels_are_padded_as_the_named_dataset_is(mnist: Path, tmp_path: Path) -> None:
    """MNIST as a folder of pictures is MNIST."""
    named = data.load(DataConfig(dataset="mnist"))
    digits = named.images[:6, 0, 2:30, 2:30].numpy()
    folder = write_folder(tmp_path / "m", {f"{i}.png": encoded(x) for i, x in enumerate(digits)})
    assert torch.equal(load(folder, size=32).images, named.images[:6])


# What is left out, and what cannot be used


@WRITERS
@pytest.mark.parametrize(
    "content", [b"", b"no image", encoded(RGB)[:200], encoded(RGB)[:60] + b"\xff" * 400]
)
def test_one_damaged_picture_is_left_out_of_many(
    tmp_path: Path, write: Writer, content: bytes
) -> None:
    members = {f"{c}/{i}.png": encoded(RGB) for c in "ab" for i in range(3)}
    dataset = load(write(tmp_path / "mine", members | {"b/1.png": content}))
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0, 0, 0, 1, 1]
    assert np.array_equal(pixels_of(dataset, 4), RGB)
    assert list(left_out(dataset)) == ["b/1.png"]
    assert dataset.note.startswith("5 of 6 files are used; left out: 'b/1.png' (")


@WRITERS
def test_files_of_other_kinds_are_told(tmp_path: Path, write: Writer) -> None:
    members = {f"{i}.png": encoded(RGB) for i in range(2)}
    others = dict.fromkeys(["a.heic", "b.HEIC", "notes.txt", "README"], b"")
    dataset = load(write(tmp_path / "mine", members | others))
    assert dataset.note == (
        "2 of 6 files are used; left out: 'README' (files without an ending are not read), "
        "'a.heic' and 1 more (.heic is not read), 'notes.txt' (.txt is not read)."
    )


@WRITERS
def test_a_picture_is_what_it_holds_and_not_what_it_is_called(
    tmp_path: Path, write: Writer
) -> None:
    """But a decoder that is not needed for photographs is never given a file."""
    members = {
        "1.png": encoded(RGB, "BMP"),
        "2.jpg": encoded(RGB),
        "3.png": encoded(RGB, "ICO"),
        "4.png": encoded(RGB, "PCX"),
    }
    dataset = load(write(tmp_path / "mine", members))
    assert len(dataset) == 2
    assert list(left_out(dataset)) == ["3.png", "4.png"]


@WRITERS
@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_are_refused_with_a_remedy_that_helps(
    tmp_path: Path, write: Writer, count: int
) -> None:
    members = {f"{i}.png": encoded(RGB) for i in range(count)} | {"notes.txt": b"no image"}
    sentence = refusal(write(tmp_path / "mine", members))
    assert sentence.startswith(
        f"A dataset needs at least 2 images that can be read, and 'mine' has {count} (left out: "
        "'notes.txt' (.txt is not read)): add some (PNG, JPEG, WebP, AVIF, TIFF, GIF, BMP or PPM)"
    )


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert f"and {tmp_path.name!r} has 0: add some" in refusal(tmp_path)


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    sentence = refusal(tmp_path / "nowhere")
    named = (
        "mnist, fashion-mnist, cifar10, tinyhero, noto-emoji, crawl-tiles, stacked-mnist, kmnist, "
        "cifar10-original, cifar100, svhn, flowers102, celeba, mixture-1d, gaussian-1d, ring, "
        "grid, spiral, moons, line"
    )
    assert sentence.startswith(f"dataset must be one of {named} or the path of")
    assert sentence.endswith("is neither: check the spelling")


def test_a_home_that_is_not_there_is_refused() -> None:
    assert refusal(Path("~nobody-at-all/images")) == (
        "'~nobody-at-all/images' begins in the home of a user who has none: write the whole path"
    )


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.zip").write_bytes(b"PK\x03\x04 no zip")
    assert "is neither: check the spelling" in refusal(tmp_path / "mine.zip")


def test_more_than_memory_holds_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 3 * 16 * 16 * 3)
    folder = write_folder(tmp_path / "mine", {f"{i}.png": b"not read" for i in range(3)})
    assert refusal(folder) == (
        "3 images of 16 pixels must fit into the free memory, and take 0 MB of 0 MB: choose "
        "a smaller size or set a limit"
    )
    assert "has 0 (left out" in refusal(folder, limit=2), "these fit"


# A limit


@WRITERS
def test_a_limit_takes_as_many_of_each_class(tmp_path: Path, write: Writer) -> None:
    pictures = RNG.integers(0, 256, (30, 16, 16, 3), dtype=np.uint8)
    names = [f"{'abc'[i // 10]}/{i:02d}.png" for i in range(30)]
    members = {name: encoded(picture) for name, picture in zip(names, pictures, strict=True)}
    path = write(tmp_path / "mine", members)
    dataset = load(path, limit=12)
    assert dataset.labels is not None
    assert dataset.labels.bincount().tolist() == [4, 4, 4]
    assert dataset.classes == ("a", "b", "c")
    assert dataset.note == "", "what a limit leaves is not left out"
    assert torch.equal(load(path, limit=12).images, dataset.images)
    everything = load(path)
    assert everything.labels is not None
    for image, label in zip(dataset.images, dataset.labels, strict=True):
        (same,) = (everything.images == image).flatten(1).all(1).nonzero()
        assert everything.labels[same] == label


def test_a_limit_decodes_no_more_than_it_takes(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", {f"{i}.png": b"damaged" for i in range(50)})
    (folder / "a.png").write_bytes(encoded(RGB))
    assert "(left out: '" in refusal(folder, limit=3)
    assert "and 2 more" not in refusal(folder, limit=2)
