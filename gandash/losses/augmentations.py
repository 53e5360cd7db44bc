"""Random changes to the images that D is shown, real and generated alike, which let the gradient
through to G: so that a D with few images cannot learn them by heart.

Images are (N, C, S, S) in [-1, 1]; each is changed by numbers of its own alone. ``color``,
``translation`` and ``cutout`` are those of DiffAugment (Zhao et al. 2020, arXiv:2006.10738);
``flip`` and ``turn`` are pixel blitting of ADA (Karras et al. 2020, arXiv:2006.06676, appendix B),
whose third part is ``translation``. What moves in from outside is 0, the middle gray.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SHIFT = 1 / 8  # of an image's side, at most
HOLE = 1 / 2  # of an image's side


@dataclass(frozen=True)
class Transform:
    """A random change of images (N, C, S, S), by ``numbers`` uniform ones in [0, 1) an image."""

    numbers: int
    change: Callable[[Tensor, Tensor], Tensor]


def color(images: Tensor, drawn: Tensor) -> Tensor:
    """Brightness +U(-1/2, 1/2), saturation times U(0, 2), contrast times U(1/2, 3/2), in turn."""
    brightness, saturation, contrast = drawn.view(-1, 3, 1, 1, 1).unbind(1)
    images = images + (brightness - 0.5)
    gray = images.mean(1, keepdim=True)
    images = (images - gray) * (2 * saturation) + gray
    mean = images.mean((1, 2, 3), keepdim=True)
    return (images - mean) * (contrast + 0.5) + mean


def translation(images: Tensor, drawn: Tensor) -> Tensor:
    """Shifts by whole pixels, up to an eighth of the side in each direction."""
    most = _pixels(SHIFT, images)
    down, right = (drawn * (2 * most + 1)).long().sub(most).unbind(1)
    return _shifted(_shifted(images, down, 2), right, 3)


def cutout(images: Tensor, drawn: Tensor) -> Tensor:
    """A square of half the side becomes gray; its center is anywhere in the image."""
    side = images.shape[-1]
    hole = _pixels(HOLE, images)
    starts = (drawn * (side + 1 - hole % 2)).long() - hole // 2
    places = torch.arange(side, device=images.device)
    inside = (places >= starts.unsqueeze(2)) & (places < starts.unsqueeze(2) + hole)  # (N, 2, S)
    down, right = inside.unbind(1)
    kept = ~(down.unsqueeze(2) & right.unsqueeze(1))
    return images * kept.unsqueeze(1)


def flip(images: Tensor, drawn: Tensor) -> Tensor:
    """Half of the images are mirrored left to right."""
    return torch.where(_of_image(drawn[:, 0] < 0.5), images.flip(3), images)


def turn(images: Tensor, drawn: Tensor) -> Tensor:
    """Turns by none, one, two or three quarters, equally often."""
    quarters = (drawn[:, 0] * 4).long()
    turned = images
    for count in (1, 2, 3):
        turned = torch.where(_of_image(quarters == count), images.rot90(count, (2, 3)), turned)
    return turned


TRANSFORMS = {
    "flip": Transform(1, flip),
    "turn": Transform(1, turn),
    "translation": Transform(2, translation),
    "color": Transform(3, color),
    "cutout": Transform(2, cutout),
}
"""By name, in the order in which they are done."""
NUMBERS = sum(1 + transform.numbers for transform in TRANSFORMS.values())
"""Uniform numbers that an image takes, whichever transforms are chosen."""


def augment(images: Tensor, drawn: Tensor, chosen: Sequence[str], p: float | Tensor) -> Tensor:
    """Images changed by each of the ``chosen`` transforms with probability ``p``, independently.

    ``drawn`` (N, NUMBERS) are uniform in [0, 1). Below p = 1 G cannot hide behind the changes: the
    images that D sees are those of G in a mixture that can be undone (Karras et al. 2020, section
    2.2), so only one distribution of G's looks like the data.
    """
    place = 0
    for name, transform in TRANSFORMS.items():
        behind = place + 1 + transform.numbers
        if name in chosen:
            happens = _of_image(drawn[:, place] < p)
            changed = transform.change(images, drawn[:, place + 1 : behind])
            images = torch.where(happens, changed, images)
        place = behind
    return images


def _of_image(values: Tensor) -> Tensor:
    """Values (N,) as (N, 1, 1, 1)."""
    return values.view(-1, 1, 1, 1)


def _pixels(share: float, images: Tensor) -> int:
    return int(images.shape[-1] * share + 0.5)


def _shifted(images: Tensor, by: Tensor, axis: int) -> Tensor:
    """Images moved along an axis by so many pixels (N,) each."""
    side = images.shape[axis]
    shape = [len(images), 1, 1, 1]
    shape[axis] = side
    source = torch.arange(side, device=images.device) - by.unsqueeze(1)  # (N, S)
    inside = ((source >= 0) & (source < side)).view(shape)
    index = source.clamp(0, side - 1).view(shape).expand(images.shape)
    return images.gather(axis, index) * inside
