"""RealnessGAN's anchors and losses, written out by hand; what D's distribution is told as."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gandash import training
from gandash.browser.program import UnsupportedError, describe_discriminator
from gandash.config import parse_config
from gandash.data import Dataset
from gandash.losses import realness
from gandash.losses.objectives import losses
from gandash.networks import Discriminator, build_pair
from gandash.networks.players import odds
from gandash.report import Report
from tests.conftest import ConfigFactory

CPU = torch.device("cpu")


def test_anchors_lie_at_both_ends_of_the_scale() -> None:
    """Of 5 values -1, -½, 0, ½, 1: the uniform one moved by +1 has all in [0, 1], the normal one
    moved by -1 half of its middle value's mass and all below at -1.
    """
    of_fake, of_real = realness.anchors(5, CPU)
    torch.testing.assert_close(of_real, torch.tensor([0, 0, 0.2, 0.2, 0.6]))
    density = np.exp(-((np.linspace(-1, 1, 5) / realness.DEVIATION) ** 2) / 2)
    density /= density.sum()
    expected = [density[:3].sum(), density[3], density[4], 0, 0]
    torch.testing.assert_close(of_fake, torch.tensor(expected, dtype=torch.float32))
    for outcomes in (2, 3, 51):
        for anchor in realness.anchors(outcomes, CPU):
            assert float(anchor.sum()) == pytest.approx(1)


def test_what_lies_between_two_values_is_shared_by_nearness() -> None:
    moved = realness.moved(torch.tensor([0.0, 1.0, 0.0]), 0.25)
    torch.testing.assert_close(moved, torch.tensor([0.0, 0.75, 0.25]))


def test_losses_are_divergences_from_the_anchors_and_between_the_two() -> None:
    rng = np.random.default_rng(3)
    real, fake = rng.normal(size=(2, 4, 5))
    softmax = [np.exp(it) / np.exp(it).sum(1, keepdims=True) for it in (real, fake)]
    of_fake, of_real = (it.double().numpy() for it in realness.anchors(5, CPU))

    def kl(p: np.ndarray, q: np.ndarray) -> float:
        rows = zip(np.broadcast_to(p, q.shape), q, strict=True)
        each = [[a * math.log(a / b) for a, b in zip(*row, strict=True) if a] for row in rows]
        return float(np.mean([sum(terms) for terms in each]))

    d_loss, g_loss = losses("realness")
    outputs = torch.tensor(real), torch.tensor(fake)
    assert float(d_loss(*outputs)) == pytest.approx(
        kl(of_real, softmax[0]) + kl(of_fake, softmax[1]), rel=1e-6
    )
    assert float(g_loss(outputs[1], outputs[0])) == pytest.approx(kl(softmax[0], softmax[1]))
    assert float(g_loss(outputs[0], outputs[0])) == pytest.approx(0, abs=1e-12)
    best = realness.anchors(5, CPU)
    sure = (best[1].log().clamp(min=-80)[None], best[0].log().clamp(min=-80)[None])
    assert float(d_loss(*sure)) == pytest.approx(0, abs=1e-6)


def test_it_is_told_as_the_logit_of_the_mean_realness() -> None:
    outputs = torch.randn(6, 51, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    mean = (outputs.softmax(1) * torch.linspace(-1, 1, 51)).sum(1)
    torch.testing.assert_close(odds(outputs).sigmoid(), (1 + mean) / 2)


def test_d_has_an_output_for_each_outcome_and_is_not_for_the_browser() -> None:
    config = parse_config(
        {"loss": {"objective": "realness", "outcomes": 7}, "network": {"d_width": 4, "g_width": 4}}
    )
    _, D = build_pair(config, (1, 32, 32), 0)
    assert isinstance(D, Discriminator)
    images = torch.randn(3, 1, 32, 32)
    D.eval()
    outputs, _ = D.judge(images)
    assert outputs.shape == (3, 7)
    torch.testing.assert_close(D(images), odds(outputs))
    with pytest.raises(UnsupportedError, match="gives a distribution"):
        describe_discriminator(D, (1, 32, 32))


def test_a_step_of_g_takes_what_real_samples_get(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    """Its first losses are those of D and G as they begin."""
    config = tiny_config(loss={"objective": "realness", "outcomes": 9}, steps=6, report_every=1)
    state = training.new_state(config, tiny_dataset)
    rows = [it for it in training.train(state, tiny_dataset) if isinstance(it, Report)]
    assert len(rows) == 6
    assert all(math.isfinite(row.d_loss) and row.g_loss >= 0 for row in rows)
    assert all(0 < row.d_real < 1 and 0 < row.d_fake < 1 for row in rows)
    assert rows[-1].d_loss < rows[0].d_loss
