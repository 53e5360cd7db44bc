"""Datasets from idx files, folders and zips.

Exact pixels, labels, and one clear sentence when unusable.
"""

from __future__ import annotations

import struct
import warnings
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gandash import data
from gandash.config import DataConfig
from gandash.data import Dataset
from gandash.data.archives import IMAGE_FORMATS, _decode

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (16, 16, 3), dtype=np.uint8)
GREY = RNG.integers(0, 256, (16, 16), dtype=np.uint8)


def encoded(pixels: np.ndarray, image_format: str = "PNG", mode: str | None = None) -> bytes:
    buffer = BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(buffer, image_format)
    return buffer.getvalue()


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_folder(path: Path, members: dict[str, bytes]) -> Path:
    for name, content in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def load(path: Path, **settings: object) -> Dataset:
    return data.load(DataConfig.model_validate({"dataset": str(path), "size": 16} | settings))


def refusal(path: Path, **settings: object) -> str:
    """The sentence that refuses a dataset; the call must raise ValueError, on one line."""
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        load(path, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Named datasets


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
    assert test.labels.tolist() == [4, 0]
    assert test.images.shape == (2, 3, 32, 32)
    assert torch.equal(test.images[:, 0], test.images[:, 2])
    assert np.array_equal(test.images[1, 1, 2:30, 2:30].numpy(), idx[0][0])


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


@pytest.mark.parametrize("name", ["cifar10", "tinyhero"])
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


# Folders and zips of the user's own


Writer = Callable[[Path, dict[str, bytes]], Path]
WRITERS = pytest.mark.parametrize("write", [write_folder, write_zip])


@WRITERS
def test_class_folders_become_labels(tmp_path: Path, write: Writer) -> None:
    members = {
        "b/2.png": encoded(RGB),
        "a/x.png": encoded(RGB[::-1]),
        "b/1.PNG": encoded(RGB[:, ::-1]),
    }
    dataset = load(write(tmp_path / "mine", members | {"b/notes.txt": b"no image"}))
    assert dataset.classes == ("a", "b")
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0, 1, 1]
    expected = np.stack([RGB[::-1], RGB[:, ::-1], RGB])
    assert np.array_equal(dataset.images.permute(0, 2, 3, 1).numpy(), expected)
    assert (dataset.name, dataset.shape) == ("mine", (3, 16, 16))


@WRITERS
def test_one_folder_of_images_has_no_labels(tmp_path: Path, write: Writer) -> None:
    dataset = load(write(tmp_path / "mine", {f"{i}.png": encoded(RGB) for i in range(3)}))
    assert dataset.labels is None
    assert dataset.classes == ()


def test_color_auto_is_as_the_data_has_it(tmp_path: Path) -> None:
    gray = {
        "1.png": encoded(GREY),
        "2.png": encoded(GREY, mode="RGB"),
        "3.png": encoded(GREY, mode="LA"),
    }
    folder = write_folder(tmp_path / "gray", gray)
    dataset = load(folder)
    assert np.array_equal(dataset.images.numpy(), np.broadcast_to(GREY, (3, 1, 16, 16)))
    assert load(folder, color="rgb").shape == (3, 16, 16)
    assert load(write_folder(tmp_path / "mixed", gray | {"4.png": encoded(RGB)})).shape == (
        3,
        16,
        16,
    )


def test_color_gray_is_luma(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", {"1.png": encoded(RGB)})
    luma = RGB @ np.array([0.299, 0.587, 0.114])
    dataset = load(folder, color="gray")
    assert dataset.images.shape == (1, 1, 16, 16)
    assert np.abs(dataset.images[0, 0].numpy() - luma).max() <= 1


def test_transparency_is_white(tmp_path: Path) -> None:
    rgba = np.dstack([RGB, np.full((16, 16), 255, np.uint8)])
    rgba[:8, :, 3], rgba[8, :, 3] = 0, 128
    pixels = (
        load(write_folder(tmp_path / "mine", {"1.png": encoded(rgba)}))
        .images[0]
        .permute(1, 2, 0)
        .numpy()
    )
    assert (pixels[:8] == 255).all()
    assert np.array_equal(pixels[9:], RGB[9:])
    assert np.abs(pixels[8] - (RGB[8] * (128 / 255) + 255 * (127 / 255))).max() <= 1


def test_a_transparent_palette_color_is_white(tmp_path: Path) -> None:
    image = Image.fromarray(np.tile(np.array([0, 1], np.uint8), (16, 8)))
    image.putpalette([10, 20, 30, 40, 50, 60])
    buffer = BytesIO()
    image.save(buffer, "PNG", transparency=0)
    pixels = load(write_folder(tmp_path / "mine", {"1.png": buffer.getvalue()})).images[0]
    assert (pixels[:, :, 0::2] == 255).all()
    assert pixels[:, 0, 1].tolist() == [40, 50, 60]


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    deep = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    dataset = load(write_folder(tmp_path / "mine", {"1.png": encoded(deep)}))
    assert np.array_equal(dataset.images.numpy().ravel(), np.arange(256))


@pytest.mark.parametrize(("height", "width"), [(16, 40), (40, 16), (17, 16)])
def test_a_non_square_image_is_cropped_at_its_center(
    tmp_path: Path, height: int, width: int
) -> None:
    pixels = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
    top, left = (height - 16) // 2, (width - 16) // 2
    dataset = load(write_folder(tmp_path / "mine", {"1.png": encoded(pixels)}))
    expected = pixels[top : top + 16, left : left + 16]
    assert np.array_equal(dataset.images[0].permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize("side", [8, 100])
def test_other_sizes_are_resampled(tmp_path: Path, side: int) -> None:
    ramp = np.broadcast_to(np.linspace(0, 255, side).astype(np.uint8), (side, side))
    (row,) = load(
        write_folder(tmp_path / "mine", {"1.png": encoded(np.ascontiguousarray(ramp))})
    ).images[0, :, 7]
    assert (row.int().diff() > 0).all()
    assert np.abs(row.numpy() - np.linspace(4, 251, 16)).max() < 20


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_formats(tmp_path: Path, image_format: str) -> None:
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    suffix = image_format.lower()
    dataset = load(write_folder(tmp_path / "mine", {f"1.{suffix}": encoded(flat, image_format)}))
    assert np.abs(dataset.images[0, :, 8, 8].int().numpy() - [200, 100, 50]).max() <= 3


def test_a_limit_takes_the_first_images(tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path / "mine", {f"{c}/{i}.png": encoded(RGB + i) for c in "ab" for i in range(3)}
    )
    limited = load(folder, limit=4)
    assert limited.labels is not None
    assert limited.labels.tolist() == [0, 0, 0, 1]
    assert torch.equal(limited.images, load(folder).images[:4])


# What cannot be used


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    sentence = refusal(tmp_path / "nowhere")
    named = (
        "mnist, fashion-mnist, cifar10, tinyhero, stacked-mnist, mixture-1d, ring, grid, spiral, "
        "moons, line"
    )
    assert sentence.startswith(f"dataset must be one of {named} or the path of")
    assert sentence.endswith("is neither: check the spelling")


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.zip").write_bytes(b"PK\x03\x04 no zip")
    assert "is neither: check the spelling" in refusal(tmp_path / "mine.zip")


@WRITERS
def test_no_images_is_refused(tmp_path: Path, write: Writer) -> None:
    path = write(tmp_path / "mine", {"notes.txt": b"no image"})
    assert refusal(path).startswith(
        "A dataset needs images (.bmp, .gif, .jpeg, .jpg, .png, .webp) and"
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    assert refusal(empty).endswith("has none: choose a folder or zip that holds some")


def test_a_named_zip_without_the_split_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_zip(tmp_path / "cifar10-jpeg.zip", {"other/cat/1.jpg": encoded(RGB)})
    monkeypatch.setenv("GANDASH_DATA", str(tmp_path))
    assert "'cifar10' has none" in refusal(Path("cifar10"))


@WRITERS
@pytest.mark.parametrize(
    "content", [b"", b"no image", encoded(RGB)[:200], encoded(RGB)[:60] + b"\xff" * 400]
)
def test_a_corrupt_image_is_named(tmp_path: Path, write: Writer, content: bytes) -> None:
    path = write(tmp_path / "mine", {"a/good.png": encoded(RGB), "b/bad.png": content})
    sentence = refusal(path)
    assert sentence.startswith("'b/bad.png' is not a readable image (")
    assert sentence.endswith("): remove or replace it")


def test_any_damage_ends_in_a_sentence() -> None:
    """Random bytes in every format: an image comes out, or a ValueError."""
    outcomes = set()
    for image_format in IMAGE_FORMATS:
        original = encoded(RGB, image_format)
        for _ in range(150):
            damaged = bytearray(original)
            for place in RNG.integers(0, len(damaged), 3):
                damaged[place] = RNG.integers(256)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    assert _decode("bad", bytes(damaged), 16, "RGB").shape == (16, 16, 3)
                outcomes.add("image")
            except ValueError as error:
                outcomes.add(str(error)[:31])
    assert outcomes == {"image", "'bad' is not a readable image ("}


def png_header(width: int, height: int) -> bytes:
    """A PNG that only claims its size: nothing of it may be allocated."""
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [4097, 12_000, 100_000])
def test_a_decompression_bomb_is_refused(tmp_path: Path, side: int) -> None:
    sentence = refusal(write_folder(tmp_path / "mine", {"bomb.png": png_header(side, side)}))
    assert sentence.startswith("'bomb.png' is not a readable image (")
    assert "pixels" in sentence


def test_a_file_that_only_pretends_to_be_png_is_not_given_to_other_decoders(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.fromarray(RGB).save(buffer, "TIFF")
    assert "'1.png' is not a readable image" in refusal(
        write_folder(tmp_path / "mine", {"1.png": buffer.getvalue()})
    )


def test_an_oversized_zip_member_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_zip(tmp_path / "mine.zip", {"big.png": bytes(3_000_000)})
    monkeypatch.setattr("gandash.data.archives.MAX_FILE_BYTES", 2_000_000)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was read"))
    assert refusal(path).startswith(
        "An image file may hold at most 2 MB, and 'big.png' in the zip holds 3 MB: remove"
    )


def test_a_member_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "mine.zip", {"lie.png": encoded(RGB) + bytes(100_000)})
    raw = bytearray(path.read_bytes())
    true_size = struct.pack("<I", len(encoded(RGB)) + 100_000)
    assert raw.count(true_size) == 2
    path.write_bytes(bytes(raw).replace(true_size, struct.pack("<I", 100)))
    assert refusal(path).startswith("mine.zip is not a readable zip (Bad CRC-32")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "mine.zip", {"1.png": encoded(RGB)})
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    assert refusal(path).endswith("make it anew, without a password")


def test_a_truncated_named_zip_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tinyhero.zip").write_bytes(b"PK\x03\x04")
    monkeypatch.setenv("GANDASH_DATA", str(tmp_path))
    assert refusal(Path("tinyhero")).startswith("tinyhero.zip is not a readable zip (")


def test_names_that_climb_out_of_a_zip_write_nothing(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    names = ["../evil.png", "/tmp/gandash-evil.png", "..\\evil.png", "a/../../evil.png"]
    before = {p for p in tmp_path.rglob("*") if p.suffix == ".png"}
    dataset = load(write_zip(inside / "mine.zip", dict.fromkeys(names, encoded(RGB))))
    assert len(dataset) == 4
    assert {p for p in tmp_path.rglob("*") if p.suffix == ".png"} == before == set()
    assert not Path("/tmp/gandash-evil.png").exists()


def test_resource_forks_of_macos_are_left_out(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "mine.zip", {"1.png": encoded(RGB), "__MACOSX/._1.png": b"fork"})
    assert len(load(path)) == 1


def test_too_many_images_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gandash.data.archives.MAX_IMAGES", 2)
    folder = write_folder(tmp_path / "mine", {f"{i}.png": encoded(RGB) for i in range(3)})
    assert refusal(folder) == "A dataset may hold at most 2 images: split it or thin it out"


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
