"""Where a run is trained."""

from __future__ import annotations

import pytest
import torch

from gandash import training


def test_a_device_that_is_not_there_is_refused() -> None:
    assert training.choose_device("cpu") == torch.device("cpu")
    missing = [
        name
        for name, there in (("cuda", torch.cuda.is_available()), ("mps", torch.mps.is_available()))
        if not there
    ]
    for name in missing:
        with pytest.raises(
            ValueError,
            match=f"device '{name}' is not available on this machine: choose auto or cpu",
        ):
            training.choose_device(name)
    assert training.choose_device("auto").type not in missing
