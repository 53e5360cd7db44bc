"""Single pictures: upright, square, in 8 bits, whatever the file; damage ends in a few words."""

from __future__ import annotations

import struct
import warnings
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from gandash.data import deep
from gandash.data.decoding import FORMATS, decode, pixels_to_decode
from gandash.data.deep import Deep
from gandash.data.framing import Frame
from gandash.data.left_out import UnusableError
from gandash.pictures.raster import Pixels
from tests.data.pictures import GRAY, RGB, RNG, blank, chunk, encoded, png


def pixels(content: bytes, size: int = 16, mode: str = "RGB") -> Pixels:
    picture = decode(content, Frame(size), mode)
    assert not isinstance(picture, Deep)
    return picture


def in_8_bits(*contents: bytes, mode: str = "L") -> list[Pixels]:
    """A set of pictures of more than 8 bits, scaled by their common range."""
    pictures = [decode(content, Frame(16), mode) for content in contents]
    assert all(isinstance(picture, Deep) for picture in pictures)
    of_more_bits = [picture for picture in pictures if isinstance(picture, Deep)]
    return [picture.pixels(deep.top_of(of_more_bits)) for picture in of_more_bits]


# Formats, transparency, sizes


@pytest.mark.parametrize("image_format", FORMATS)
def test_formats(image_format: str) -> None:
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    shown = pixels(encoded(flat, image_format))[8, 8].astype(int)
    assert np.abs(shown - [200, 100, 50]).max() <= 3


def test_portable_maps() -> None:
    plain = b"P2\n2 2\n15\n0 5 10 15\n"
    assert pixels(plain, 2, "L").ravel().tolist() == [0, 85, 170, 255]
    assert np.array_equal(pixels(encoded(RGB, "PPM")), RGB)


def test_transparency_is_white() -> None:
    rgba = np.dstack([RGB, np.full((16, 16), 255, np.uint8)])
    rgba[:8, :, 3], rgba[8, :, 3] = 0, 128
    shown = pixels(encoded(rgba))
    assert (shown[:8] == 255).all()
    assert np.array_equal(shown[9:], RGB[9:])
    assert np.abs(shown[8] - (RGB[8] * (128 / 255) + 255 * (127 / 255))).max() <= 1


def test_a_transparent_palette_color_is_white() -> None:
    image = Image.fromarray(np.tile(np.array([0, 1], np.uint8), (16, 8)))
    image.putpalette([10, 20, 30, 40, 50, 60])
    buffer = BytesIO()
    image.save(buffer, "PNG", transparency=0)
    shown = pixels(buffer.getvalue())
    assert (shown[:, 0::2] == 255).all()
    assert shown[0, 1].tolist() == [40, 50, 60]


@pytest.mark.parametrize(("height", "width"), [(16, 40), (40, 16), (17, 16)])
def test_a_picture_is_cropped_at_its_center(height: int, width: int) -> None:
    picture = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
    top, left = (height - 16) // 2, (width - 16) // 2
    assert np.array_equal(pixels(encoded(picture)), picture[top : top + 16, left : left + 16])


@pytest.mark.parametrize("side", [8, 100])
def test_other_sizes_are_resampled(side: int) -> None:
    ramp = np.broadcast_to(np.linspace(0, 255, side).astype(np.uint8), (side, side))
    row = pixels(encoded(np.ascontiguousarray(ramp)), mode="L")[7, :, 0].astype(int)
    assert (np.diff(row) > 0).all()
    assert np.abs(row - np.linspace(4, 251, 16)).max() < 20


def test_28_pixels_are_padded() -> None:
    picture = RNG.integers(0, 256, (28, 28, 3), dtype=np.uint8)
    assert np.array_equal(pixels(encoded(picture), 32), np.pad(picture, ((2, 2), (2, 2), (0, 0))))
    wide = np.pad(picture, ((0, 0), (5, 5), (0, 0)), constant_values=9)
    assert np.array_equal(pixels(encoded(wide), 32), np.pad(picture, ((2, 2), (2, 2), (0, 0))))
    framed = pixels(encoded(np.full((28, 28), 255, np.uint8)), 64, "L")
    assert framed[:3].max() < 32 < framed[6, 6, 0], "larger sizes keep the border"


# Cameras


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_pictures_stand_upright(orientation: int, image_format: str) -> None:
    """A camera notes how it was held; the four quarters show how the picture must stand."""
    upright = np.kron([[0, 80], [160, 240]], np.ones((16, 16))).astype(np.uint8)
    turned = Image.fromarray(upright)
    inverse = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
    turned.getexif()[0x0112] = inverse
    stored = ImageOps.exif_transpose(turned)
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = BytesIO()
    stored.convert("RGB").save(buffer, image_format, exif=exif)
    shown = pixels(buffer.getvalue(), 32, "L")[:, :, 0].astype(int)
    quarters = shown[[8, 8, 24, 24], [8, 24, 8, 24]]
    assert np.abs(quarters - [0, 80, 160, 240]).max() < 12


def test_damaged_notes_of_a_camera_do_not_matter() -> None:
    buffer = BytesIO()
    Image.fromarray(RGB).save(buffer, "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert np.array_equal(pixels(buffer.getvalue()), RGB)


def test_a_large_photograph_is_decoded_at_a_fraction_and_looks_the_same() -> None:
    y, x = np.mgrid[:2048, :2048] / 2048
    picture = np.stack([255 * x, 255 * y, 127 + 120 * np.sin(20 * x * y)], -1).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=95)
    assert pixels_to_decode(buffer.getvalue(), 32) == 256 * 256
    whole = Image.fromarray(picture).resize((32, 32), Image.Resampling.LANCZOS)
    difference = pixels(buffer.getvalue(), 32).astype(int) - np.asarray(whole).astype(int)
    assert np.abs(difference).max() <= 4


def test_long_texts_and_color_profiles_change_nothing() -> None:
    """Pillow refuses a PNG with more than a megabyte of them."""
    long = zlib.compress(bytes(3_000_000))
    extra = [
        chunk(b"zTXt", b"parameters\0\0" + long), chunk(b"iCCP", b"profile\0\0" + long),
        chunk(b"tEXt", b"prompt\0" + b"x" * 3_000_000), chunk(b"tIME", b"\7\xe8\1\1\0\0\0"),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + long),
    ]  # fmt: skip
    assert np.array_equal(pixels(png(RGB, *extra)), RGB)


# More than 8 bits


def test_16_bits_are_scaled_and_not_clipped() -> None:
    full = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    for content in (encoded(full), encoded(full, "TIFF"), png(full[:, :, None])):
        assert np.array_equal(in_8_bits(content)[0].ravel(), np.arange(256))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_fewer_bits_in_16_are_not_black(bits: int, image_format: str) -> None:
    top = 2**bits - 1
    stored = np.linspace(0, top, 256).round().astype(np.uint16).reshape(16, 16)
    (shown,) = in_8_bits(encoded(stored, image_format))
    assert np.abs(shown.ravel().astype(int) - stored.ravel() * (255 / top)).max() <= 0.5


def test_one_range_for_the_whole_set() -> None:
    """A dark picture stays darker than a bright one."""
    dark, bright = (np.full((16, 16), value, np.uint16) for value in (400, 4000))
    shown = in_8_bits(encoded(dark), encoded(bright))
    assert [int(picture[0, 0, 0]) for picture in shown] == [25, 249]  # of 4095


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_12_bits_in_colors_of_16(mode: str, channels: int) -> None:
    stored = RNG.integers(0, 4096, (16, 16, channels)).astype(np.uint16)
    stored[0, 0] = 4095
    color = stored[:, :, :3] if channels > 2 else stored[:, :, :1]
    expected = color * (255 / 4095)
    if channels in (2, 4):
        opaque = stored[:, :, -1:] / 4095
        expected = expected * opaque + 255 * (1 - opaque)
    if mode == "L" and channels > 2:
        expected = expected @ np.array([[0.299], [0.587], [0.114]])
    if mode == "RGB":
        expected = np.broadcast_to(expected, (16, 16, 3))
    (shown,) = in_8_bits(png(stored), mode=mode)
    assert shown.shape == expected.shape
    assert np.abs(shown - expected).max() <= 0.51


@pytest.mark.parametrize("top", [4095, 65535])
def test_colors_of_16_bits_in_a_tiff(top: int) -> None:
    stored = RNG.integers(0, top + 1, (16, 16, 3)).astype(np.uint16)
    stored[0, 0] = top
    (shown,) = in_8_bits(tiff_of_16_bits(stored), mode="RGB")
    assert np.abs(shown - stored * (255 / top)).max() <= 0.51


def tiff_of_16_bits(colors: np.ndarray) -> bytes:
    """An uncompressed TIFF of uint16 colors (H, W, 3)."""
    height, width, _ = colors.shape
    body = colors.astype("<u2").tobytes()
    bits = struct.pack("<HHH", 16, 16, 16)
    tags = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 8), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 14), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, len(body)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
    start = 14 + len(body)
    return struct.pack("<2sHI", b"II", 42, start) + bits + body + directory + bytes(4)


def test_floats_from_0_to_1() -> None:
    stored = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    (shown,) = in_8_bits(encoded(stored, "TIFF"))
    assert np.abs(shown.ravel().astype(int) - np.arange(256)).max() <= 1
    stored[3, 3], stored[3, 4] = np.inf, np.nan
    (again,) = in_8_bits(encoded(stored, "TIFF"))
    assert (again[3, 3, 0], again[3, 4, 0], again[15, 15, 0]) == (0, 0, 255)


# Hostile files


@pytest.mark.parametrize("side", [4097, 12_000, 100_000])
def test_a_header_that_claims_too_much_is_not_believed(side: int) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for look in (lambda: decode(bomb, Frame(16), "RGB"), lambda: pixels_to_decode(bomb, 16)):
            with pytest.raises(UnusableError, match="pixels"):
                look()


def test_pixels_are_counted_by_the_header() -> None:
    assert pixels_to_decode(encoded(RGB), 128) == 256
    assert pixels_to_decode(blank(2048), 128) == 2048 * 2048


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_any_damage_ends_in_a_few_words(mode: str) -> None:
    """Random bytes in every format: a picture comes out, or UnusableError with our own words."""
    outcomes = set()
    rng = np.random.default_rng(1)
    originals = [encoded(RGB, image_format) for image_format in FORMATS]
    deeper = (GRAY.astype(np.uint16) * 200, RGB.astype(np.uint16) * 200)
    originals += [encoded(deeper[0], "TIFF"), png(deeper[0][:, :, None]), png(deeper[1])]
    for original in originals:
        for _ in range(100):
            damaged = bytearray(original)
            for place in rng.integers(0, len(damaged), 3):
                damaged[place] = rng.integers(256)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    picture = decode(bytes(damaged), Frame(16), mode)
                whole = picture.pixels(255) if isinstance(picture, Deep) else picture
                assert whole.shape == (16, 16, 3 if mode == "RGB" else 1)
                outcomes.add("picture")
            except UnusableError as error:
                outcomes.add(str(error))
    assert outcomes <= {
        "picture", "damaged", "not a picture, or a damaged one", "too many pixels",
        "more than 16,777,216 pixels",
    }  # fmt: skip
    assert {"picture", "damaged"} <= outcomes
