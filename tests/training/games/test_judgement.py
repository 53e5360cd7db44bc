"""What D learns from class labels that it is shown, and what the others measure."""

from __future__ import annotations

import pytest
import torch

from gandash.training.games.judgement import classified
from gandash.training.source import Batch


def test_hidden_labels_teach_nothing_and_measure_the_accuracy() -> None:
    scores = torch.randn(
        6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True
    )
    labels, known = (
        torch.tensor([0, 1, 2, 0, 1, 2]),
        torch.tensor([True, False, True, False, False, True]),
    )
    some = Batch(torch.zeros(6, 1), labels, known, 0)
    error, accuracy = classified(scores, some)
    assert error is not None
    assert accuracy is not None
    log_p = scores.detach().log_softmax(1)
    assert error.item() == pytest.approx(-sum(log_p[i, labels[i]].item() for i in (0, 2, 5)) / 3)
    (gradient,) = torch.autograd.grad(error, scores)
    assert not gradient[~known].any()
    assert (gradient[known].abs().sum(1) > 0).all()
    right = (scores.argmax(1) == labels)[[1, 3, 4]].double().mean().item()
    assert accuracy.item() == pytest.approx(right)
    flipped = Batch(torch.zeros(6, 1), labels, torch.ones(6, dtype=torch.bool), 0)
    _, accuracy = classified(scores, flipped)
    assert accuracy is not None
    assert accuracy.item() == pytest.approx((scores.argmax(1) == labels).double().mean().item()), (
        "none is hidden"
    )
    nothing = Batch(torch.zeros(6, 1), labels, torch.zeros(6, dtype=torch.bool), 0)
    error, _ = classified(scores, nothing)
    assert error is not None
    assert error.item() == 0
    assert classified(None, some) == (None, None)
