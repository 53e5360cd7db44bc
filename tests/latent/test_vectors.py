"""Latent draws and walks: frozen values, exact end points, the great circle."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gandash import latent

A, B = latent.draw(1, 2, 100)
T = torch.linspace(0, 1, 33)


def unit(vector: Tensor) -> Tensor:
    return vector.double() / vector.double().norm()


def angles_from(start: Tensor, walk: Tensor) -> Tensor:
    """Angles between ``start`` and each vector, exact for small ones too."""
    u = unit(start)
    return torch.stack([2 * torch.atan2((u - unit(v)).norm(), (u + unit(v)).norm()) for v in walk])


def test_a_seed_is_the_same_vector_for_ever() -> None:
    drawn = latent.draw(7, 1, 3)
    assert drawn.dtype == torch.float32
    expected = torch.tensor([[1.6905257, -0.4659374, 0.0328202]])
    torch.testing.assert_close(drawn, expected, rtol=0, atol=5e-8)


def test_a_draw_does_not_depend_on_how_many_are_drawn() -> None:
    many = latent.draw(5, 64, 100)
    assert many.shape == (64, 100)
    for count in (1, 4, 63):
        assert torch.equal(latent.draw(5, count, 100), many[:count])
    assert not torch.equal(latent.draw(6, 4, 100), many[:4])


def test_a_draw_leaves_the_global_streams_alone() -> None:
    state, numbers = torch.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[index,union-attr]
    latent.draw(5, 4, 10)
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numbers)  # type: ignore[index]


def test_draws_are_standard_normal() -> None:
    values = latent.draw(0, 1000, 100).double()
    assert abs(float(values.mean())) < 5 / 1e5**0.5
    assert float(values.var()) == pytest.approx(1, abs=5 * (2 / 1e5) ** 0.5)
    assert float((values**4).mean()) == pytest.approx(3, abs=5 * (96 / 1e5) ** 0.5)


@pytest.mark.parametrize("how", ["slerp", "lerp"])
def test_paths_meet_their_end_points_exactly(how: latent.Interpolation) -> None:
    for seed in range(20):
        a, b = latent.draw(seed, 2, 100)
        walk = latent.path(a, b, 9, how)
        assert walk.shape == (9, 100)
        assert walk.dtype == a.dtype
        assert torch.equal(walk[0], a)
        assert torch.equal(walk[-1], b)


def test_lerp_is_the_straight_line() -> None:
    walk = latent.lerp(A, B, torch.tensor([0.25, 0.5]))
    torch.testing.assert_close(walk, torch.stack([0.75 * A + 0.25 * B, (A + B) / 2]))


def test_slerp_is_shoemakes_formula_for_equal_norms() -> None:
    a, b = 10 * unit(A), 10 * unit(B)
    omega = torch.acos(unit(a) @ unit(b))
    t = T.double()[:, None]
    textbook = (torch.sin((1 - t) * omega) * a + torch.sin(t * omega) * b) / torch.sin(omega)
    walk = latent.slerp(a, b, T.double())
    torch.testing.assert_close(walk, textbook, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(
        walk.norm(dim=1), torch.full((33,), 10.0, dtype=torch.float64), rtol=1e-12, atol=0
    )


def test_slerp_turns_at_constant_speed_and_its_norm_changes_linearly() -> None:
    a, b = 2 * unit(A), 6 * unit(B)
    walk = latent.slerp(a, b, T.double())
    angles = angles_from(a, walk)
    torch.testing.assert_close(angles, T.double() * angles[-1], rtol=0, atol=1e-12)
    assert (angles.diff() > 0).all()
    torch.testing.assert_close(walk.norm(dim=1), 2 + 4 * T.double(), rtol=1e-12, atol=0)


def test_lerp_cuts_the_corner_that_slerp_walks_around() -> None:
    a, b = 10 * unit(A), 10 * unit(B)
    half = torch.tensor([0.5], dtype=torch.float64)
    assert float(latent.lerp(a, b, half).norm()) < 8
    assert float(latent.slerp(a, b, half).norm()) == pytest.approx(10, rel=1e-12)


def test_slerp_of_nearly_equal_vectors_is_smooth() -> None:
    for gap in (1e-3, 1e-5, 1e-7, 0.0):
        b = A.double() + gap * B.double()
        walk = latent.slerp(A.double(), b, T.double())
        torch.testing.assert_close(
            walk, latent.lerp(A.double(), b, T.double()), rtol=0, atol=10 * gap**2 + 1e-12
        )


def test_slerp_of_a_vector_with_itself_stays() -> None:
    torch.testing.assert_close(latent.slerp(A, A, T), A.expand(33, -1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_opposite_vectors_are_refused_and_nearly_opposite_ones_work(scale: float) -> None:
    with pytest.raises(ValueError, match="opposite vectors: change one seed or use lerp"):
        latent.slerp(A, -scale * A, T)
    walk = latent.slerp(A, -scale * A + 0.01 * B, T)
    assert torch.isfinite(walk).all()
    assert float(walk.norm(dim=1).min()) > 0.9 * float(A.norm())


def test_slerp_from_the_origin_is_a_line() -> None:
    walk = latent.slerp(torch.zeros(100), B, T)
    torch.testing.assert_close(walk, T[:, None] * B)


def test_a_path_needs_two_steps() -> None:
    with pytest.raises(ValueError, match="at least 2 steps, not 1"):
        latent.path(A, B, 1)


# Truncated numbers


def test_numbers_within_a_threshold_are_distributed_as_those_that_are_drawn_anew() -> None:
    drawn = latent.draw(0, 1000, 100)
    for threshold in (0.3, 1.0, 2.0):
        values = np.sort(latent.within(drawn, threshold).double().numpy().ravel())
        redrawn = drawn.double().numpy().ravel()
        redrawn = np.sort(redrawn[np.abs(redrawn) < threshold])
        assert np.abs(values).max() < threshold
        shares = np.searchsorted(redrawn, values) / len(redrawn)
        gap = np.abs(shares - np.arange(len(values)) / len(values)).max()
        assert gap < 2 * (1 / len(values) + 1 / len(redrawn)) ** 0.5  # Kolmogorov and Smirnov


def test_a_wide_threshold_changes_nothing_and_a_narrow_one_keeps_the_order() -> None:
    z = latent.draw(3, 8, 16)
    torch.testing.assert_close(latent.within(z, 50.0), z)
    torch.testing.assert_close(latent.within(z, float("inf")), z)
    narrow = latent.within(z, 0.1)
    assert torch.equal(narrow.flatten().argsort(), z.flatten().argsort())
    assert torch.equal(narrow.sign(), z.sign())
    assert torch.isfinite(latent.within(torch.tensor([[9.0, -40.0, 0.0]]), 1.0)).all()


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan")])
def test_a_threshold_is_above_zero(threshold: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        latent.within(latent.draw(0, 1, 2), threshold)
