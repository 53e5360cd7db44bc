"""The probe chooses what is faster and touches nothing; all arithmetic is the same training."""

from __future__ import annotations

import pytest
import torch

from gandash import training
from gandash.data import Dataset
from gandash.training import (
    Arithmetic,
    Report,
    arithmetic,
)
from tests.conftest import ConfigFactory
from tests.training.whole_runs import (
    start,
    tensors,
)


@pytest.mark.parametrize(
    ("told", "bf16_seconds", "taken"),
    [
        ({"avx512_bf16": True}, 0.8, True),
        ({"avx512_bf16": True}, 0.95, False),
        ({"avx512_bf16": False}, 0.7, False),
        ({"avx512_f": True}, 0.5, True),
    ],
)
def test_a_cpu_takes_bf16_for_a_small_gain_only_if_it_has_units_for_it(
    tiny_config: ConfigFactory,
    tiny_dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    *,
    told: dict[str, bool],
    bf16_seconds: float,
    taken: bool,
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    monkeypatch.setattr(arithmetic, "probe", lambda *_: [1.0, bf16_seconds])
    chosen = training.choose_arithmetic(
        tiny_config(precision="auto"), tiny_dataset, torch.device("cpu")
    )
    assert chosen == Arithmetic(bf16=taken, channels_last=True)


def test_the_first_of_near_equals_is_taken() -> None:
    three = [Arithmetic(), Arithmetic(channels_last=True), Arithmetic(bf16=True)]
    assert arithmetic.fastest(three, [1.0, 0.9, 0.95], slow_bf16=False) == three[0]
    assert arithmetic.fastest(three, [1.0, 0.8, 0.5], slow_bf16=False) == three[2]
    assert arithmetic.fastest(three, [1.0, 0.8, 0.7], slow_bf16=True) == three[0]


@pytest.mark.parametrize("precision", ["fp32", "bf16", "auto"])
def test_the_probe_keeps_to_the_precision_and_leaves_the_run_alone(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, precision: str
) -> None:
    config = tiny_config(precision=precision)
    chosen = training.choose_arithmetic(config, tiny_dataset, torch.device("cpu"))
    assert precision == "auto" or chosen.bf16 == (precision == "bf16")
    probed = training.new_state(config, tiny_dataset)
    fresh = start(config, tiny_dataset)
    assert probed.step == 0
    assert not probed.window
    assert (probed.window.d_updates, probed.window.g_updates) == (0, 0)
    assert all(
        torch.equal(tensor, tensors(fresh)[name]) for name, tensor in tensors(probed).items()
    )


@pytest.mark.parametrize(
    "sections",
    [
        {"balance": {"g_steps": 2}, "labels": {"conditioning": "concat"}},
        {
            "balance": {"g_steps": 2},
            "collapse": {"unroll_steps": 1},
            "labels": {"conditioning": "concat"},
        },
        {"collapse": {"pack": 4}},
        {"balance": {"d_steps": 3}},
        {"network": {"d_norm": "virtual", "g_width": 4, "d_width": 4, "latent_dim": 8}},
        {"regularizer": {"instance_noise": 0.1}},
        {"balance": {"discriminators": 2, "rule": "loss-rate"}},
    ],
    ids=str,
)
def test_the_probe_takes_every_kind_of_step_on_its_small_batch(
    tiny_config: ConfigFactory,
    tiny_dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    sections: dict[str, object],
) -> None:
    monkeypatch.setattr(arithmetic, "PROBE_BATCH", 4)
    both = [Arithmetic(), Arithmetic(bf16=True, channels_last=True)]
    config = tiny_config(precision="auto", **sections)
    seconds = arithmetic.probe(config, tiny_dataset, torch.device("cpu"), both, budget=0.0)
    assert len(seconds) == 2
    assert all(0 < it < 60 for it in seconds)


@pytest.mark.parametrize(
    "other",
    [
        Arithmetic(channels_last=True),
        Arithmetic(bf16=True),
        Arithmetic(bf16=True, channels_last=True),
    ],
)
def test_other_arithmetic_is_the_same_training_up_to_rounding(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, other: Arithmetic
) -> None:
    config = tiny_config(steps=1, report_every=1)
    plain = next(
        e
        for e in training.train(start(config, tiny_dataset), tiny_dataset)
        if isinstance(e, Report)
    )
    state = start(config, tiny_dataset, other)
    report = next(e for e in training.train(state, tiny_dataset) if isinstance(e, Report))
    tolerance = 3e-2 if other.bf16 else 1e-4
    assert report.d_loss == pytest.approx(plain.d_loss, rel=tolerance)
    assert report.g_loss == pytest.approx(plain.g_loss, rel=tolerance)
    assert all(p.dtype == torch.float32 for p in (*state.G.parameters(), *state.D.parameters()))
