"""Image translation: each step against torch's own words, who learns from what, and resuming."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from gandash import checkpoints, data, training
from gandash.checkpoints import Checkpoint, weights
from gandash.config import Config, parse_config
from gandash.data import Dataset
from gandash.data.pairing import paired
from gandash.networks import Judges, Translator
from gandash.runs import create
from gandash.runs.execution import execute
from gandash.runs.saved_state import load_state
from gandash.training import Report, Snapshot, State
from gandash.training.games import TranslationGame
from gandash.training.source import Batch


def config_of(translator: str, **settings: object) -> Config:
    """A run of eight steps on pairs of 16 pixels."""
    changes = {
        "data": {"dataset": "pairs:inverted-mnist", "size": 16, "limit": 40},
        "network": {"g_width": 4, "d_width": 4},
        "loss": {"objective": "least-squares" if translator == "cyclegan" else "non-saturating"},
        "translation": {"translator": translator, "patch": 16, "pool": 6},
        "steps": 8,
        "batch_size": 4,
        "report_every": 2,
        "snapshots": 3,
        "precision": "fp32",
        "device": "cpu",
    }
    for name, value in settings.items():
        before = changes.get(name)
        merge = isinstance(before, dict) and isinstance(value, dict)
        changes[name] = {**before, **value} if merge else value  # type: ignore[dict-item]
    return parse_config(changes)


@pytest.fixture
def pairs() -> Dataset:
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, 1, 16, 16), generator=rng).byte()
    return Dataset("pairs", "Pairs", "made", paired(images, 255 - images))


@pytest.fixture
def pairs_folder(pairs: Dataset, tmp_path: Path) -> str:
    """The pairs as a folder of pictures, source and target side by side."""

    folder = tmp_path / "beside"
    folder.mkdir()
    for number, (source, target) in enumerate(pairs.images):
        beside = torch.cat([source[0], target[0]], dim=1).numpy()
        Image.fromarray(beside).save(folder / f"{number:03d}.png")
    return f"pairs:{folder}"


def state_of(config: Config, pairs: Dataset) -> State:
    return training.new_state(config, pairs)


def test_a_step_of_pix2pix_is_that_of_the_paper(pairs: Dataset) -> None:
    """D on source and image joined, G with lambda times the distance, in torch's own words."""
    config = config_of("pix2pix", translation={"dropout": 0, "l1": 100})
    state = state_of(config, pairs)
    other = state_of(config, pairs)
    G, D = other.G, other.D
    assert isinstance(G, Translator)
    assert isinstance(D, Judges)
    index = torch.arange(4)
    real = data.to_unit(pairs.images[index])
    TranslationGame(state).update(Batch(real))
    x, y = real[:, 0], real[:, 1]
    made = G(x)
    right = D(torch.cat([x, y], 1))
    wrong = D(torch.cat([x, made.detach()], 1))
    d_loss = binary_cross_entropy_with_logits(right, torch.ones_like(right))
    d_loss = d_loss + binary_cross_entropy_with_logits(wrong, torch.zeros_like(wrong))
    other.d_optimizer.zero_grad()
    d_loss.backward()  # type: ignore[no-untyped-call]
    other.d_optimizer.step()
    judged = D(torch.cat([x, made], 1))
    g_loss = binary_cross_entropy_with_logits(judged, torch.ones_like(judged))
    other.g_optimizer.zero_grad()
    (g_loss + 100 * (made - y).abs().mean()).backward()
    other.g_optimizer.step()
    values, _ = state.window.read()
    assert values["d_loss"] == pytest.approx(float(d_loss.detach()), rel=1e-5)
    assert values["g_loss"] == pytest.approx(float(g_loss.detach()), rel=1e-5)
    distance = float((made - y).abs().mean().detach())
    assert values["distance"] == pytest.approx(distance, rel=1e-5)
    for who in ("G", "D"):
        mine = getattr(state, who).state_dict()
        for name, tensor in getattr(other, who).state_dict().items():
            torch.testing.assert_close(mine[name], tensor, rtol=1e-4, atol=1e-6)


class Same(nn.Module):
    """A translator that changes nothing, but could."""

    dropped = ()

    def __init__(self, add: float = 0.0) -> None:
        super().__init__()
        self.add = nn.Parameter(torch.tensor(add))

    def forward(self, x: Tensor, _chance: object = ()) -> Tensor:
        return x + self.add


@pytest.mark.parametrize(
    ("there", "back", "cycle"), [(0.0, 0.0, 0.0), (0.3, -0.3, 0.0), (0.3, 0.1, 0.4)]
)
def test_what_comes_back_is_measured_against_what_went(
    pairs: Dataset, there: float, back: float, cycle: float
) -> None:
    state = state_of(config_of("cyclegan"), pairs)
    state.G = Translator(Same(there), Same(back))  # type: ignore[arg-type]
    state.g_optimizer = torch.optim.Adam(state.G.parameters(), lr=1e-3, fused=True)
    TranslationGame(state).update(Batch(data.to_unit(pairs.images[:4])))
    values, _ = state.window.read()
    assert values["distance"] == pytest.approx(cycle, abs=1e-6)


def test_cyclegan_does_not_look_at_which_belong_together(pairs: Dataset) -> None:
    real = data.to_unit(pairs.images[:4])
    mixed = torch.stack([real[:, 0], real[torch.tensor([2, 3, 1, 0]), 1]], dim=1)
    told = []
    for batch in (real, mixed):
        state = state_of(config_of("cyclegan", translation={"dropout": 0}), pairs)
        TranslationGame(state).update(Batch(batch))
        told.append(state.window.read()[0])
    assert told[0] == pytest.approx(told[1], rel=1e-4, nan_ok=True)


@pytest.mark.parametrize("translator", ["pix2pix", "cyclegan"])
def test_each_loss_reaches_its_player_alone(pairs: Dataset, translator: str) -> None:
    """With rates of 0 for one of both, that one's weights stay and the other's do not."""
    real = data.to_unit(pairs.images[:4])
    for learns, stays in (("G", "D"), ("D", "G")):
        state = state_of(config_of(translator), pairs)
        optimizer = {"G": state.g_optimizer, "D": state.d_optimizer}[stays]
        optimizer.param_groups[0]["lr"] = 0.0
        before = {
            who: [weight.clone() for weight in getattr(state, who).parameters()] for who in "GD"
        }
        TranslationGame(state).update(Batch(real))
        after = {who: list(getattr(state, who).parameters()) for who in "GD"}
        assert all(map(torch.equal, before[stays], after[stays]))
        same = map(torch.equal, before[learns], after[learns])
        assert not any(same), f"every weight of {learns} learns"


@pytest.mark.parametrize("translator", ["pix2pix", "cyclegan"])
def test_a_run_resumes_bit_for_bit_and_becomes_a_checkpoint(
    translator: str, pairs_folder: str, tmp_path: Path
) -> None:
    config = config_of(translator, data={"dataset": pairs_folder, "held_out": 0.2}, ema=0.9)
    dataset = data.load(config.data)
    straight = training.new_state(config, dataset)
    events = list(training.train(straight, dataset))
    reports = [event for event in events if isinstance(event, Report)]
    assert [report.step for report in reports] == [2, 4, 6, 8]
    assert all(math.isfinite(report.distance * report.d_update) for report in reports)
    shown = [event.images for event in events if isinstance(event, Snapshot)][-1]
    assert shown.shape == (8, 3 if translator == "pix2pix" else 6, 1, 16, 16)
    assert torch.equal(shown[:, 0], 255 - shown[:, 2 if translator == "pix2pix" else 3])
    run = create(tmp_path, config, "translation")
    interrupted = threading.Event()
    for report in execute(run, interrupted):
        if report.step == 4:
            interrupted.set()
    assert run.status().phase == "stopped"
    assert [report.step for report in execute(run)] == [8]
    again = load_state(run, config, dataset)
    for who in "GD":
        other = getattr(again, who).state_dict()
        assert all(torch.equal(v, other[k]) for k, v in getattr(straight, who).state_dict().items())
    for name, pool in straight.pools.items():
        assert torch.equal(pool.images, again.pools[name].images)
    rows = run.metrics()
    assert list(rows.distance) == pytest.approx([report.distance for report in reports])
    checkpoint = Checkpoint(run.folder, checkpoints.load_card(run.folder))
    examples = weights.load_examples(checkpoint)
    assert torch.equal(examples, shown[:, [0, 2 if translator == "pix2pix" else 3]])
    G = weights.load_translator(checkpoint)
    with torch.inference_mode():
        made = data.to_uint8(G(data.to_unit(examples[:, 0])))
    assert torch.equal(made, shown[:, 1]), "the snapshot shows what the checkpoint makes"
    for refused in (weights.load_generator, weights.load_discriminator):
        with pytest.raises(ValueError, match="choose another checkpoint"):
            refused(checkpoint)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"translation": {"translator": "none"}}, "set translator to pix2pix or cyclegan"),
        ({"data": {"dataset": "mnist"}}, "choose one of pairs"),
        (
            {"loss": {"objective": "wasserstein"}, "network": {"d_spectral_norm": True}},
            "set it to non-saturating",
        ),
        ({"loss": {"objective": "relativistic"}}, "set it to non-saturating"),
        ({"regularizer": {"r1_gamma": 1.0}}, "played without r1_gamma, and it is 1.0: set it to 0"),
        ({"balance": {"d_steps": 2}}, "played without d_steps"),
        ({"network": {"g_norm": "virtual"}}, "set it to batch or instance"),
        ({"few": {"augment": "diffaugment"}}, "played without augment"),
    ],
)
def test_what_a_translation_has_no_use_for_is_refused(
    settings: dict[str, object], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        config_of("pix2pix", **settings)


def test_pix2pix_needs_images_that_belong_together(pairs: Dataset) -> None:

    apart = replace(pairs, belong=False)
    with pytest.raises(ValueError, match="set translator to cyclegan"):
        training.new_state(config_of("pix2pix"), apart)
    assert training.new_state(config_of("cyclegan"), apart).pools
