"""The pair that grows: what is faded in against sums written out, runs over a stage's border."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gandash import training
from gandash.browser.program import UnsupportedError, describe
from gandash.config import Config, ScheduleConfig, parse_config
from gandash.data import Dataset
from gandash.networks import Discriminator, Generator, build_pair, progressive
from gandash.networks.progressive import Analysis, Synthesis
from gandash.runs import create, extend
from gandash.runs.execution import execute
from gandash.runs.saved_state import load_state
from gandash.training import Report, schedules
from gandash.training.games import NoiseGame
from gandash.training.reports import Snapshot
from gandash.training.source import Source
from tests.conftest import ConfigFactory

NETWORK: dict[str, Any] = {
    "architecture": "progressive",
    "latent_dim": 8,
    "g_width": 4,
    "d_width": 4,
    "g_norm": "none",
    "d_norm": "none",
}


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def config_of(**sections: Any) -> Config:
    return parse_config({"network": NETWORK} | sections)


@pytest.fixture
def pair() -> tuple[Generator, Discriminator]:
    """For gray images of 32 pixels, fully grown."""
    G, D = build_pair(config_of(), (1, 32, 32))
    assert isinstance(D, Discriminator)
    return G.requires_grad_(False), D.requires_grad_(False)


def copies(images: Tensor) -> Tensor:
    """Each pixel four times."""
    return images.repeat_interleave(2, 2).repeat_interleave(2, 3)


# Both players


def test_a_fresh_pair_is_grown_up_and_may_be_made_small(
    pair: tuple[Generator, Discriminator],
) -> None:
    G, D = pair
    z = noise(3, 8)
    for level, side in ((3.0, 32), (0.0, 4), (1.0, 8), (1.25, 16), (2.0, 16)):
        progressive.grow(G, level)
        progressive.grow(D, level)
        made = G.train()(z)
        assert made.shape == (3, 1, side, side)
        assert D(made).shape == (3,)
        shown = G.eval()(z)
        assert shown.shape == (3, 1, 32, 32)
        torch.testing.assert_close(progressive.reduced(shown, side), made)
        torch.testing.assert_close(D(shown), D(made), msg="D takes larger images as well")
    assert set(progressive.parts_of(G)) == {G.layers[0]}


def test_each_size_of_g_is_faded_in_as_in_figure_2(
    pair: tuple[Generator, Discriminator],
) -> None:
    G, _ = pair
    z = noise(3, 8)
    synthesis = G.layers[0]
    assert isinstance(synthesis, Synthesis)
    features = synthesis.stages[1](synthesis.stages[0](z))
    smaller = synthesis.to_image[1](features)
    larger = synthesis.to_image[2](synthesis.stages[2](features))
    for share in (0.125, 0.5, 0.75):
        progressive.grow(G, 1 + share)
        torch.testing.assert_close(G(z), (1 - share) * copies(smaller) + share * larger)
    progressive.grow(G, 1.0)
    torch.testing.assert_close(G(z), smaller)
    progressive.grow(G, 2.0)
    torch.testing.assert_close(G(z), larger)


def test_d_mirrors_that_on_images_of_half_the_size(
    pair: tuple[Generator, Discriminator],
) -> None:
    _, D = pair
    images = noise(3, 1, 16, 16)
    analysis = D.layers[0]
    assert isinstance(analysis, Analysis)

    def active(maps: Tensor) -> Tensor:
        return torch.where(maps > 0, maps, 0.2 * maps) * 2**0.5

    def rest(features: Tensor) -> Tensor:
        seen = active(analysis.convolution(analysis.stages[0](features)))
        return D.head(seen, None)[0]  # type: ignore[no-any-return]

    larger = analysis.stages[1](active(analysis.from_image[2](images)))
    smaller = active(analysis.from_image[1](avg_pool2d(images, 2)))
    for share in (0.125, 0.5, 0.75):
        progressive.grow(D, 1 + share)
        torch.testing.assert_close(D(images), rest((1 - share) * smaller + share * larger))
    progressive.grow(D, 1.0)
    torch.testing.assert_close(D(images), rest(smaller))
    progressive.grow(D, 2.0)
    torch.testing.assert_close(D(images), rest(larger))


def test_real_images_are_mixed_alike() -> None:
    images = noise(2, 3, 32, 32)
    half = avg_pool2d(images, 2)
    assert torch.equal(progressive.seen_at(images, 3.0), images)
    assert torch.equal(progressive.seen_at(images, 2.0), half)
    torch.testing.assert_close(progressive.seen_at(images, 0.0), avg_pool2d(images, 8))
    expected = 0.75 * copies(avg_pool2d(half, 2)) + 0.25 * half
    torch.testing.assert_close(progressive.seen_at(images, 1.25), expected)


def test_features_of_g_are_normalized_place_by_place(
    pair: tuple[Generator, Discriminator],
) -> None:
    """b = a / sqrt(mean over channels of a^2 + 1e-8), section 4.2."""
    G, _ = pair
    synthesis = G.layers[0]
    assert isinstance(synthesis, Synthesis)
    features = synthesis.stages[0](noise(3, 8))
    torch.testing.assert_close(features.square().mean(1), torch.ones(3, 4, 4), rtol=0, atol=1e-3)
    torch.testing.assert_close(synthesis.stages[0](5 * noise(3, 8)), features)


def test_labels_reach_both_while_they_grow() -> None:
    G, D = build_pair(config_of(labels={"conditioning": "concat"}), (1, 32, 32), 3)
    labels = torch.tensor([0, 1])
    z = noise(1, 8).expand(2, -1)
    for level in (0.0, 1.5):
        progressive.grow(G, level)
        progressive.grow(D, level)
        made = G(z, labels).detach()
        assert not torch.equal(made[0], made[1])
        same = made[:1].expand(2, -1, -1, -1)
        logits = D(same, labels).detach()
        assert logits[0] != logits[1]


def test_the_browser_does_not_know_it(pair: tuple[Generator, Discriminator]) -> None:
    with pytest.raises(UnsupportedError, match="Synthesis is not known"):
        describe(pair[0].eval())


# Over a run


def test_sizes_stand_as_long_as_they_are_faded_in() -> None:
    schedule = ScheduleConfig(grown=0.5)
    expected = {0: 0, 1 / 16: 0, 3 / 16: 0.5, 0.25: 1, 5 / 16: 1, 7 / 16: 1.5, 0.5: 2, 1: 2}
    for progress, level in expected.items():
        assert schedules.level(schedule, 2, progress) == pytest.approx(level), progress
    levels = [schedules.level(schedule, 3, step / 1000) for step in range(1001)]
    assert all(0 <= b - a <= 0.02 for a, b in pairwise(levels))
    assert levels[-1] == 3


def config_to_grow(tiny_config: ConfigFactory, **changes: Any) -> Config:
    """Four phases of three steps, from 4 pixels to 16."""
    return tiny_config(
        network=NETWORK,
        schedule={"grown": 1.0},
        loss={"objective": "wasserstein"},
        regularizer={"gradient_penalty": 10, "drift": 0.001},
        collapse={"minibatch": "stddev"},
        ema=0.9,
        **{"steps": 12, "report_every": 1, "snapshots": 3} | changes,
    )


def test_curves_and_samples_show_how_it_grows(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = config_to_grow(tiny_config)
    state = training.new_state(config, tiny_dataset)
    events = list(training.train(state, tiny_dataset))
    sizes = [event.size for event in events if isinstance(event, Report)]
    steps = [0, 0, 0, 0, 1 / 3, 2 / 3, 1, 1, 1, 1, 4 / 3, 5 / 3]
    assert sizes == pytest.approx([4 * 2**level for level in steps], rel=1e-6)
    first, _, last = (event.images for event in events if isinstance(event, Snapshot))
    assert first.shape == last.shape
    blocks = first[:, :, ::4, ::4].repeat_interleave(4, 2).repeat_interleave(4, 3)
    assert torch.equal(first, blocks), "samples of 4 pixels, enlarged"
    assert not torch.equal(last[:, :, ::2], last[:, :, 1::2])
    assert state.ema is not None
    assert progressive.parts_of(state.ema.module)[0].level == progressive.parts_of(state.G)[0].level


@pytest.mark.parametrize("stop", [3, 5, 9])
def test_a_run_goes_on_bit_for_bit_over_the_border_of_a_stage(
    stop: int, tiny_config: ConfigFactory, tiny_dataset: Dataset, tmp_path: Path
) -> None:
    config = config_to_grow(tiny_config)
    straight = training.new_state(config, tiny_dataset)
    list(training.train(straight, tiny_dataset))
    run = create(tmp_path, config, "grown")
    for report in execute(run):
        if report.step == stop:
            run.request_stop()
    assert run.status().phase == "stopped"
    assert stop <= run.status().step < 12
    list(execute(run))
    resumed = load_state(run, config, tiny_dataset)
    for ours, theirs in ((resumed.G, straight.G), (resumed.D, straight.D)):
        for key, value in theirs.state_dict().items():
            assert torch.equal(ours.state_dict()[key], value), key


def test_a_run_that_is_given_more_to_do_stays_grown_up(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, tmp_path: Path
) -> None:
    config = config_to_grow(tiny_config, steps=None, epochs=1).model_copy(
        update={"schedule": ScheduleConfig(grown=0.3)}
    )
    run = create(tmp_path, config, "grown")
    assert [report.size for report in execute(run)][-1] == 16
    extend(run, 3)
    assert {report.size for report in execute(run)} == {16}


def test_drift_is_the_mean_square_of_ds_output_on_real_images(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    """D's update with it is that without, down the gradient of one more term."""
    before = {}
    for drift in (0.0, 0.5):
        config = tiny_config(
            network={"d_norm": "none", "latent_dim": 8, "g_width": 4, "d_width": 4},
            loss={"objective": "hinge"},
            regularizer={"drift": drift},
        )
        state = training.new_state(config, tiny_dataset)
        game = NoiseGame(state)
        source = Source(config, tiny_dataset, state.device, state.arithmetic)
        batch = source.batch(torch.arange(config.batch_size), 0)
        seen = game.judge(batch, torch.zeros_like(batch.real))
        game.update_d(seen, batch)
        before[drift] = [it.grad for it in state.D.parameters()]
    fresh = training.new_state(tiny_config(network=config.network), tiny_dataset)
    (0.5 * fresh.D(batch.real).square().mean()).backward()
    for with_it, without, added in zip(
        before[0.5], before[0.0], (it.grad for it in fresh.D.parameters()), strict=True
    ):
        assert with_it is not None
        assert without is not None
        torch.testing.assert_close(with_it, without + added)
