"""Changes of D's images: what each does, that gradients pass, and how often each is made."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gandash.losses.augmentations import NUMBERS, TRANSFORMS, augment, cutout, translation

ALL = tuple(TRANSFORMS)


def images(count: int = 6, size: int = 16) -> Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def drawn(count: int = 6, seed: int = 1) -> Tensor:
    return torch.rand(count, NUMBERS, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("p", [0.0, torch.zeros(())])
def test_nothing_is_changed_at_p_0(p: float | Tensor) -> None:
    assert torch.equal(augment(images(), drawn(), ALL, p), images())
    assert torch.equal(augment(images(), drawn(), (), 1.0), images())


@pytest.mark.parametrize("name", ALL)
def test_the_gradient_is_that_of_finite_differences(name: str) -> None:
    x = images(3, 8).double().requires_grad_()
    numbers = drawn(3).double()
    assert torch.autograd.gradcheck(lambda x: augment(x, numbers, (name,), 1.0), (x,))
    changed = augment(x, numbers, (name,), 1.0)
    (gradient,) = torch.autograd.grad(changed.square().sum(), x)
    assert gradient.abs().sum((1, 2, 3)).min() > 0


@pytest.mark.parametrize("name", ALL)
def test_an_image_is_changed_by_its_own_numbers_alone(name: str) -> None:
    """As gradient penalties need it."""
    x = images()
    together = augment(x, drawn(), (name,), 0.7)
    alone = torch.cat(
        [augment(x[i : i + 1], drawn()[i : i + 1], (name,), 0.7) for i in range(len(x))]
    )
    torch.testing.assert_close(together, alone)


def test_other_changes_leave_the_numbers_of_one_as_they_are() -> None:
    one = augment(images(), drawn(), ("flip",), 1.0)
    assert torch.equal(
        augment(one, drawn(), ("cutout",), 1.0), augment(images(), drawn(), ("flip", "cutout"), 1.0)
    )


def test_a_shift_moves_every_pixel_by_as_much() -> None:
    x = images(5)
    for row, down in enumerate((-2, -1, 0, 1, 2)):
        number = (down + 2 + 0.5) / 5
        moved = translation(x[row : row + 1], torch.tensor([[number, 0.5]]))[0]
        expected = torch.zeros_like(moved)
        expected[:, max(down, 0) : 16 + min(down, 0)] = x[row][:, max(-down, 0) : 16 - max(down, 0)]
        assert torch.equal(moved, expected)


def test_a_hole_is_half_as_wide_and_is_cut_by_the_border() -> None:
    whole = torch.ones(1, 1, 16, 16)
    middle = cutout(whole, torch.tensor([[0.5, 0.5]]))
    assert (middle == 0).sum() == 8 * 8
    corner = cutout(whole, torch.tensor([[0.0, 0.0]]))
    assert (corner == 0).sum() == 4 * 4
    assert (corner[0, 0, :4, :4] == 0).all()


def test_color_without_saturation_is_gray_and_keeps_its_contrast() -> None:
    numbers = torch.full((6, NUMBERS), 0.5)
    place = [2, 2 + 2, 4 + 3]  # behind flip, turn, translation
    x = images()
    torch.testing.assert_close(augment(x, numbers, ("color",), 1.0), x)  # the middle changes none
    numbers[:, place[2] + 2] = 0.0  # saturation
    gray = augment(x, numbers, ("color",), 1.0)
    torch.testing.assert_close(gray, x.mean(1, keepdim=True).expand_as(x))


@pytest.mark.parametrize("p", [0.3, 0.8])
def test_below_p_1_the_mixture_of_turns_can_be_undone(p: float) -> None:
    """What D sees is a mixture of the four turns; a mixture of such by weights w is undone by the
    inverse of their circulant matrix, whose least singular value is 1 - p: 0 only at p = 1.
    """
    count = 20_000
    marked = torch.zeros(count, 1, 2, 2)
    marked[:, 0, 0, 0] = 1
    turned = augment(marked, drawn(count), ("turn",), p).flatten(1)
    weights = turned.mean(0)[[0, 2, 3, 1]]  # around the square
    circulant = torch.stack([weights.roll(k) for k in range(4)])
    least = torch.linalg.svdvals(circulant).min()
    assert abs(float(least) - (1 - p)) < 0.02  # 4 deviations of 20,000 draws are 0.014


def test_each_change_is_made_as_often_as_p_says_and_independently() -> None:
    count = 4_000
    x = images(1, 8).expand(count, -1, -1, -1)
    made = {
        name: (augment(x, drawn(count), (name,), 0.4) - x).flatten(1).abs().amax(1) > 1e-6
        for name in ("color", "cutout")
    }
    for happened in made.values():
        assert abs(float(happened.float().mean()) - 0.4) < 0.03
    both = made["color"] & made["cutout"]
    assert abs(float(both.float().mean()) - 0.16) < 0.025
