"""Figures of translations: closed forms, and what copying the source scores."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch.nn.functional import mse_loss

from gandash import checkpoints
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.scores import TranslationFigures
from gandash.cli import main
from gandash.evaluation import translations
from gandash.storage.paths import PROJECT

SHIPPED = PROJECT / "pretrained" / "edges-fashion-pix2pix"


def test_distance_and_ratio_are_those_of_their_formulas() -> None:
    target = torch.full((4, 1, 16, 16), 100, dtype=torch.uint8)
    made = target.clone()
    made[:2] += 10
    found = translations.judged(made, target, None, None)
    assert found.l1 == pytest.approx(5.0)
    assert found.l1_error == pytest.approx(math.sqrt(100 / 3) / 2)  # of 10, 10, 0, 0
    assert found.psnr == pytest.approx((20 * math.log10(25.5) + 60) / 2), "60 dB at most"
    assert (found.label_kept, found.frechet) == (None, None)


def test_the_ratio_is_that_of_torchs_mean_squared_error() -> None:
    rng = torch.Generator().manual_seed(0)
    target = torch.randint(0, 256, (5, 3, 16, 16), generator=rng).byte()
    made = torch.randint(0, 256, (5, 3, 16, 16), generator=rng).byte()
    errors = [float(mse_loss(a.double(), b.double())) for a, b in zip(made, target, strict=True)]
    found = translations.judged(made, target, None, None)
    assert found.psnr == pytest.approx(sum(10 * math.log10(255**2 / e) for e in errors) / 5)


def test_the_shipped_figures_are_those_of_the_shipped_weights() -> None:
    checkpoint = Checkpoint(SHIPPED, checkpoints.load_card(SHIPPED))
    *_, found = translations.evaluate(checkpoint, SHIPPED.parent / "classifiers")
    assert isinstance(found, TranslationFigures)
    stored = checkpoint.card.translation
    assert stored is not None
    for name in ("l1", "psnr", "label_kept", "frechet"):
        value = getattr(found.there, name)
        assert value == pytest.approx(getattr(stored.there, name), rel=0.01), name
    assert found.there.l1 < found.copied.l1
    assert found.copied.label_kept is not None
    assert found.there.label_kept is not None
    assert found.there.label_kept > found.copied.label_kept + 0.3


def test_other_checkpoints_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    other = PROJECT / "pretrained" / "mnist-dcgan"
    with pytest.raises(ValueError, match="makes images: choose another"):
        list(translations.evaluate(Checkpoint(other, checkpoints.load_card(other)), tmp_path))
    assert main.main(["translate", "mnist-dcgan", str(tmp_path / "a.png")]) == 2
    assert "translated by pix2pix and CycleGAN" in capsys.readouterr().err
