"""Forms of data: arrays of NumPy's, StyleGAN's table of labels, train and test folders."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch

from gandash import data
from gandash.config import DataConfig
from gandash.data import contents
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

PICTURES = RNG.integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)


def npy(array: np.ndarray) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path, **arrays)
    return path


# Arrays


@pytest.mark.parametrize(
    "images",
    [
        PICTURES,
        PICTURES.transpose(0, 3, 1, 2),
        PICTURES / np.float32(255),
        PICTURES / 127.5 - 1,
        PICTURES.astype(np.uint16) * 257,
        PICTURES.astype(np.int64),
        np.asfortranarray(PICTURES),
    ],
    ids=["N H W C", "N C H W", "0 to 1", "-1 to 1", "16 bits", "int64", "by columns"],
)
def test_an_array_of_images_is_read_whatever_its_form(tmp_path: Path, images: np.ndarray) -> None:
    for path in (npz(tmp_path / "a.npz", images=images), tmp_path / "b.npy"):
        if path.suffix == ".npy":
            np.save(path, images)
        dataset = load(path)
        assert np.array_equal(dataset.images.permute(0, 2, 3, 1).numpy(), PICTURES)
        assert dataset.labels is None


def test_gray_and_transparent_arrays(tmp_path: Path) -> None:
    gray = load(npz(tmp_path / "gray.npz", x=PICTURES[..., 0]))
    assert np.array_equal(gray.images[:, 0].numpy(), PICTURES[..., 0])
    clear = np.concatenate([PICTURES, np.zeros((6, 16, 16, 1), np.uint8)], axis=3)
    assert (load(npz(tmp_path / "clear.npz", x=clear)).images == 255).all()


def test_labels_beside_an_array_are_its_classes(tmp_path: Path) -> None:
    labels = np.array([[0], [10], [2], [2], [0], [10]])
    dataset = load(npz(tmp_path / "a.npz", images=PICTURES, labels=labels))
    assert dataset.labels is not None
    assert dataset.classes == ("00", "02", "10")
    for image, label in zip(dataset.images, dataset.labels, strict=True):
        (place,) = (
            (torch.from_numpy(PICTURES).permute(0, 3, 1, 2) == image).flatten(1).all(1).nonzero()
        )
        assert int(dataset.classes[int(label)]) == labels[place, 0]


def test_splits_of_arrays_are_kept_apart_with_their_labels(tmp_path: Path) -> None:
    path = npz(
        tmp_path / "m.npz",
        train_images=PICTURES[:4],
        train_labels=np.array([1, 0, 1, 0]),
        test_images=PICTURES[4:],
        test_labels=np.array([0, 1]),
    )
    config = DataConfig(dataset=str(path), size=16)
    assert (len(data.load(config)), len(data.load(config, "test"))) == (4, 2)
    assert data.load(config).classes == data.load(config, "test").classes == ("0", "1")


def test_an_array_for_each_picture_lies_in_class_folders(tmp_path: Path) -> None:
    members = {f"{c}/{i}.npy": npy(PICTURES[i]) for i, c in enumerate("aabb")}
    dataset = load(write_folder(tmp_path / "mine", members))
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0, 0, 1, 1]


@WRITERS
def test_what_is_no_array_of_images_is_left_out(tmp_path: Path, write: Writer) -> None:
    objects = BytesIO()
    np.save(objects, np.array([{"a": 1}]), allow_pickle=True)
    bomb = npy(np.zeros(2))[:-16].replace(b"(2,), }", b"(99999999999,), }")
    members = {f"{i}.png": encoded(RGB) for i in range(2)} | {
        "a.npy": b"\x93NUMPY damaged",
        "b.npy": objects.getvalue(),
        "c.npy": bomb,
        "d.npy": npy(PICTURES)[:-5],
        "e.npy": npy(np.zeros(7)),
        "f.npy": npy(np.array(["text"])),
    }
    assert left_out(load(write(tmp_path / "mine", members))) == {
        "a.npy": "no array of NumPy's format",
        "b.npy": "an array of other things than numbers",
        "c.npy": "a damaged array",
        "d.npy": "a damaged array",
        "e.npy": "an array without images",
        "f.npy": "an array of other things than numbers",
    }


# StyleGAN's table


def style_gan(table: object) -> dict[str, bytes]:
    members = {f"0000{i // 2}/img{i}.png": encoded(PICTURES[i]) for i in range(4)}
    return members | {"dataset.json": json.dumps(table).encode()}


@WRITERS
def test_labels_come_from_a_table(tmp_path: Path, write: Writer) -> None:
    rows = [[f"0000{i // 2}/img{i}.png", (11, 2, 11)[i]] for i in range(3)]
    dataset = load(write(tmp_path / "mine", style_gan({"labels": rows})))
    assert dataset.labels is not None
    assert (dataset.classes, dataset.labels.tolist()) == (("02", "11"), [1, 0, 1])
    assert left_out(dataset) == {"00001/img3.png": "not in dataset.json"}


@WRITERS
def test_a_table_without_classes_makes_its_folders_none(tmp_path: Path, write: Writer) -> None:
    dataset = load(write(tmp_path / "mine", style_gan({"labels": None})))
    assert (len(dataset), dataset.labels) == (4, None)


@pytest.mark.parametrize("table", [{"images": []}, [1], {"labels": [["a.png", [0.5]]]}, "[" * 9])
def test_another_table_is_left_out(tmp_path: Path, table: object) -> None:
    dataset = load(write_zip(tmp_path / "mine.zip", style_gan(table)))
    assert left_out(dataset) == {"dataset.json": "no table of labels"}
    assert dataset.classes == ("00000", "00001")


# Train and test folders


@WRITERS
@pytest.mark.parametrize("top", ["", "photos/"])
@pytest.mark.parametrize("held_out", ["test", "Val"])
def test_train_and_test_folders_are_kept_apart(
    tmp_path: Path, write: Writer, top: str, held_out: str
) -> None:
    names = ["train/a/1", "train/a/2", "train/b/1", f"{held_out}/a/3", f"{held_out}/b/4", "cover"]
    members = {f"{top}{name}.png": encoded(RGB) for name in names}
    config = DataConfig(dataset=str(write(tmp_path / "mine", members)), size=16)
    train, test = data.load(config), data.load(config, "test")
    assert (len(train), train.classes) == (3, ("a", "b"))
    assert (len(test), test.classes) == (2, ("a", "b"))
    assert left_out(train) == {f"{top}cover.png": "beside the train and test folders"}


@WRITERS
@pytest.mark.parametrize("others", [("train", "plane"), ("train", "training"), ("test", "val")])
def test_classes_of_these_names_stay_classes(
    tmp_path: Path, write: Writer, others: tuple[str, str]
) -> None:
    members = {f"{name}/{i}.png": encoded(RGB) for name in others for i in range(2)}
    assert load(write(tmp_path / "mine", members)).classes == tuple(sorted(others))


def test_nothing_is_held_out_where_nothing_is_kept_apart(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", {f"{i}.png": encoded(GRAY) for i in range(3)})
    with pytest.raises(ValueError, match="'mine' has 0"):
        data.load(DataConfig(dataset=str(folder), size=16), "test")


def test_an_array_alone_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.npy").write_bytes(b"no array")
    assert "left out: 'mine.npy' (no array of NumPy's format)" in refusal(tmp_path / "mine.npy")
    assert pixels_of(load(npz(tmp_path / "two.npz", x=PICTURES[:2]))).shape == (16, 16, 3)


def test_arrays_are_bounded_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = npz(tmp_path / "a.npz", a=PICTURES, b=PICTURES, c=PICTURES)
    monkeypatch.setattr(contents, "MAX_ARRAY_BYTES", 10_500)
    dataset = load(path)
    assert len(dataset) == 12
    assert left_out(dataset) == {"c.npy": "arrays of more than 1.05e-05 GB in all"}
