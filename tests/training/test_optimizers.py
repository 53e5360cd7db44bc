"""The short way through an optimizer's step does the same as torch's own."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from gandash.config import OptimizerConfig
from gandash.training import optimizers

SETTINGS = {
    "adam": OptimizerConfig(adam_beta1=0.3, adam_beta2=0.9),
    "rmsprop": OptimizerConfig(method="rmsprop"),
}


def pair(settings: OptimizerConfig) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 1))
    network.register_parameter("unused", nn.Parameter(torch.ones(3)))
    return network, optimizers.build(network, 1e-2, settings)


@pytest.mark.parametrize("method", SETTINGS)
def test_updates_are_those_of_torch_bit_for_bit(method: str) -> None:
    (ours, fast), (plain, slow) = pair(SETTINGS[method]), pair(SETTINGS[method])
    for number in range(5):
        x = torch.randn(9, 5, generator=torch.Generator().manual_seed(number))
        norm = optimizers.update(fast, ours(x).square().mean())
        slow.zero_grad()
        plain(x).square().mean().backward()
        gradients = [
            parameter.grad for parameter in plain.parameters() if parameter.grad is not None
        ]
        torch.testing.assert_close(norm, torch.cat([it.flatten() for it in gradients]).norm())
        slow.step()
        assert all(
            torch.equal(a, b) for a, b in zip(ours.parameters(), plain.parameters(), strict=True)
        )
    for a, b in zip(
        fast.state_dict()["state"].values(), slow.state_dict()["state"].values(), strict=True
    ):
        assert all(torch.equal(a[name], b[name]) for name in b)


def test_a_parameter_that_learns_later_is_taken_up() -> None:
    (network, fast), (_, slow) = pair(SETTINGS["adam"]), pair(SETTINGS["adam"])
    for needs in (False, True, True):
        for optimizer, step in ((fast, lambda: optimizers.step(fast)), (slow, slow.step)):
            for number, parameter in enumerate(optimizers.parameters_of(optimizer)):
                parameter.grad = torch.ones_like(parameter) if needs or number else None
            step()
    ours, plain = optimizers.parameters_of(fast), optimizers.parameters_of(slow)
    assert all(torch.equal(a, b) for a, b in zip(ours, plain, strict=True))
    assert len(list(network.parameters())) == len(ours)


def test_an_optimizer_restored_from_its_state_goes_on_alike() -> None:
    network, optimizer = pair(SETTINGS["adam"])
    x = torch.randn(9, 5)
    optimizers.update(optimizer, network(x).square().mean())
    other, restored = copy.deepcopy(network), None
    restored = optimizers.build(other, 1e-2, SETTINGS["adam"])
    restored.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for it, net in ((optimizer, network), (restored, other)):
        optimizers.update(it, net(x).square().mean())
    assert all(
        torch.equal(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True)
    )
