"""Batch norm over the parts of two processes is that of one over the whole batch."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn

from gandash import data, training
from gandash.config import Config, parse_config
from gandash.training import shares
from gandash.training.shared_norm import SharedBatchNorm, synchronize
from tests.ports import free_port
from tests.waiting import PATIENCE

CONFIG = {
    "data": {"dataset": "ring"},
    "network": {
        "architecture": "mlp", "latent_dim": 4, "g_width": 16, "d_width": 16,
        "sync_batch_norm": True,
    },
    "optimizer": {"g_lr": 1e-3, "d_lr": 1e-3},
    "batch_size": 64, "steps": 20, "ema": 0.9, "precision": "fp32", "device": "cpu",
}  # fmt: skip


def trained(config: Config) -> dict[str, dict[str, Tensor]]:
    """The networks at the end of a run."""
    dataset = data.load(config.data)
    state = training.new_state(config, dataset)
    for _ in training.train(state, dataset):
        pass
    networks = {"G": state.G, "D": state.D, "sampler": state.sampler}
    return {name: network.state_dict() for name, network in networks.items()}


def normalized(norm: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What a norm makes of a batch or a part of it, with first and second derivatives."""
    x = x.clone().requires_grad_()
    y = norm(x)
    (first,) = torch.autograd.grad(y.pow(3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), x)
    return {"y": y.detach(), "first": first.detach(), "second": second}


def batch() -> Tensor:
    """(8, 3, 5) numbers whose halves have means of their own."""
    x = torch.randn(8, 3, 5, generator=torch.Generator().manual_seed(1))
    return x + torch.arange(8.0).view(8, 1, 1)


def part(rank: int, port: int, folder: Path) -> None:
    """One of two processes."""
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ.update(address, RANK=str(rank), WORLD_SIZE="2", GANDASH_DATA=str(folder))
    torch.set_num_threads(1)
    with shares.joined():
        norm = nn.Sequential(nn.BatchNorm1d(3))
        synchronize(norm)
        found = normalized(norm, shares.part(batch()))
        running = norm.state_dict()
        torch.save([found, running, trained(parse_config(CONFIG))], folder / f"{rank}.pt")


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Tensor]]]:
    """What both processes have found."""
    folder = tmp_path_factory.mktemp("parts")
    spawn = multiprocessing.get_context("spawn")
    port = free_port()
    both = [spawn.Process(target=part, args=(rank, port, folder)) for rank in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(PATIENCE)
        assert process.exitcode == 0
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


def test_outputs_and_gradients_of_both_orders(parts: list[list[dict[str, Tensor]]]) -> None:
    whole = nn.Sequential(nn.BatchNorm1d(3))
    expected = normalized(whole, batch())
    for name, tensor in expected.items():
        found = torch.cat([part[0][name] for part in parts])
        torch.testing.assert_close(found, tensor, rtol=1e-4, atol=1e-4)
    for found in (part[1] for part in parts):
        for name, tensor in whole.state_dict().items():
            torch.testing.assert_close(found[name], tensor)


def test_two_processes_train_as_one(parts: list[list[dict[str, Tensor]]]) -> None:
    """All but the biases that a norm takes away again: there rounding alone moves Adam."""
    alone = trained(parse_config(CONFIG))
    for player, tensors in alone.items():
        for name in (it for it in tensors if not it.endswith(("bias", "running_mean"))):
            for found in (part[2][player][name] for part in parts):
                torch.testing.assert_close(found, tensors[name], rtol=1e-3, atol=2e-5)


def test_alone_it_is_the_norm_that_it_stands_for() -> None:
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.BatchNorm2d(4)))
    x = torch.randn(2, 3, 5, 5)
    expected = plain(x)
    names = list(plain.state_dict())
    synchronize(plain)
    assert [type(it) for it in plain.modules()].count(SharedBatchNorm) == 2
    assert list(plain.state_dict()) == names
    torch.testing.assert_close(plain(x), expected, rtol=0, atol=0)
    assert not dist.is_initialized()
