"""Kinds of sample: how networks take them, how they are kept, shown and told of in words.

What depends on the kind stands here and nowhere else, so that a new kind is one new entry. The
module loads no torch, and configs and cards ask it too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from gandash.pictures.pixels import to_uint8, to_unit
from gandash.pictures.raster import Pixels, grid, scatter
from gandash.theory.drawn import PREFIX
from gandash.theory.toy_data import STUDIES

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ImageSize = Literal[16, 32, 64, 128, 256]
IMAGE_SIZES: tuple[int, ...] = get_args(ImageSize)
Shape = tuple[int, ...]
Real = Callable[[], "Tensor"]
"""Gives the real samples (M, *shape) as they are kept; called only where they are drawn."""


class Kind(ABC):
    """A kind of sample; a batch of them is (N, *shape), kept in little memory or as networks take
    it.
    """

    name: ClassVar[str]
    """What several of them are called."""
    pixels: ClassVar[bool]
    """Whether they are made of pixels: have a size and colors, suit convolutions, and stay crisp
    (no smoothing) where they are enlarged."""
    classes: ClassVar[bool]
    """Whether data of this kind may come in classes."""
    latent: ClassVar[bool]
    """Whether G makes them of latent vectors; else it translates one part into the other."""
    measured: ClassVar[bool]
    """Whether there are extractors of features, which samples are measured on."""
    light: ClassVar[bool]
    """Whether networks for them are so small that calls cost more than products."""
    snapshot: ClassVar[int]
    """How many samples of the fixed noise a run keeps at a time."""

    @abstractmethod
    def holds(self, shape: Shape) -> bool:
        """Whether gandash can make samples of this shape."""

    @abstractmethod
    def prepare(self, kept: Tensor, order: torch.memory_format | None = None) -> Tensor:
        """Kept samples as networks take them, float32; in a memory order where that matters."""

    @abstractmethod
    def keep(self, made: Tensor) -> Tensor:
        """What a generator makes, as it is kept."""

    @abstractmethod
    def shown(self, count: int) -> int:
        """How many samples a picture shows where ``count`` are asked for."""

    @abstractmethod
    def picture(self, kept: Tensor, columns: int, real: Real) -> Pixels:
        """Samples in one picture, in ``columns`` where they lie side by side."""

    @abstractmethod
    def size(self, shape: Shape) -> str:
        """How large one sample is, in words: ``32 pixels``."""

    @abstractmethod
    def extent(self, count: int, shape: Shape) -> str:
        """How large data is, in words: ``32×32, 60,000 images``."""

    def amount(self, count: int) -> str:
        """``count`` samples in words: ``36 images``."""
        return f"{count:,} {self.name if count != 1 else self.name.removesuffix('s')}"

    def caption(self, count: int) -> str:
        """How many samples a picture shows, in words, where ``count`` are asked for."""
        return self.amount(self.shown(count))


class Images(Kind):
    """Gray or RGB images: uint8 (N, C, S, S) in [0, 255], for networks in [-1, 1]."""

    name = "images"
    pixels = classes = latent = measured = True
    light = False
    snapshot = 64

    def holds(self, shape: Shape) -> bool:
        if len(shape) != 3:
            return False
        channels, height, width = shape
        return channels in (1, 3) and height == width and height in IMAGE_SIZES

    def prepare(self, kept: Tensor, order: torch.memory_format | None = None) -> Tensor:
        unit = to_unit(kept)
        return unit if order is None else unit.contiguous(memory_format=order)

    def keep(self, made: Tensor) -> Tensor:
        return to_uint8(made)

    def shown(self, count: int) -> int:
        return count

    def picture(self, kept: Tensor, columns: int, real: Real) -> Pixels:  # noqa: ARG002 - shown alone
        return grid(kept, columns)

    def size(self, shape: Shape) -> str:
        return f"{shape[-1]} pixels"

    def extent(self, count: int, shape: Shape) -> str:
        return f"{shape[-2]}×{shape[-1]}, {self.amount(count)}"


class Points(Kind):
    """Points on a line or in the plane: float32 (N, dim), unbounded, drawn over those of the
    data.
    """

    name = "points"
    pixels = classes = measured = False
    latent = light = True
    snapshot = 2048

    def holds(self, shape: Shape) -> bool:
        return len(shape) == 1 and 1 <= shape[0] <= 3

    def prepare(self, kept: Tensor, order: torch.memory_format | None = None) -> Tensor:  # noqa: ARG002 - two axes have one order
        return kept

    def keep(self, made: Tensor) -> Tensor:
        return made.float()

    def shown(self, count: int) -> int:  # noqa: ARG002 - few points show no distribution
        return self.snapshot

    def picture(self, kept: Tensor, columns: int, real: Real) -> Pixels:  # noqa: ARG002 - one cloud
        return scatter(kept, real())

    def size(self, shape: Shape) -> str:  # noqa: ARG002 - the same for all
        return self.name

    def extent(self, count: int, shape: Shape) -> str:
        return f"{self.amount(count)} in {shape[0]}-D"


class Pairs(Kind):
    """Two images each, the source and the target of a translation: uint8 (N, 2, C, S, S), gray
    repeated in three channels where the other is in color.

    A picture may show further ones beside them: (N, images, C, S, S), an example a row.
    """

    name = "pairs"
    pixels = True
    classes = latent = measured = light = False
    snapshot = 16

    def holds(self, shape: Shape) -> bool:
        return len(shape) == 4 and shape[0] == 2 and IMAGES.holds(shape[1:])

    def prepare(self, kept: Tensor, order: torch.memory_format | None = None) -> Tensor:  # noqa: ARG002 - five axes have one order
        return to_unit(kept)

    def keep(self, made: Tensor) -> Tensor:
        return to_uint8(made)

    def shown(self, count: int) -> int:
        return min(count, self.snapshot)

    def picture(self, kept: Tensor, columns: int, real: Real) -> Pixels:  # noqa: ARG002 - shown alone
        beside = kept.shape[1]
        return grid(kept.flatten(0, 1), max(columns // beside, 1) * beside)

    def size(self, shape: Shape) -> str:
        return f"{shape[-1]} pixels"

    def extent(self, count: int, shape: Shape) -> str:
        return f"{shape[-2]}×{shape[-1]}, {self.amount(count)}"


IMAGES, POINTS, PAIRS = Images(), Points(), Pairs()
BY_AXES: dict[int, Kind] = {3: IMAGES, 1: POINTS, 4: PAIRS}
OF_PAIRS = "pairs:"
"""What the names of datasets of pairs begin with, and the paths of folders that hold some."""


def parted(name: str) -> tuple[str, str]:
    """What a dataset's name begins with to tell its kind, if it does, and the rest: a name or the
    path of a folder or zip.
    """
    return (OF_PAIRS, name.removeprefix(OF_PAIRS)) if name.startswith(OF_PAIRS) else ("", name)


def of_dataset(name: str) -> Kind:
    """The kind that a dataset holds: a name, or the path of a folder or zip."""
    if name.startswith(OF_PAIRS):
        return PAIRS
    return POINTS if name in STUDIES or name.startswith(PREFIX) else IMAGES


def of_shape(shape: Shape) -> Kind:
    """The kind of samples of a shape, (C, H, W), (2, C, H, W) or (dim,); ``ValueError`` if it is
    that of none.
    """
    if len(shape) not in BY_AXES:
        raise ValueError(
            f"A sample has 1 axis (a point), 3 (an image) or 4 (a pair), not {len(shape)}"
        )
    return BY_AXES[len(shape)]


def of_batch(samples: Tensor) -> Kind:
    """The kind of a batch (N, *shape) of samples."""
    return of_shape(tuple(samples.shape[1:]))
