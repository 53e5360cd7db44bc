"""Random streams: what is drawn does not depend on when or where, and nothing else draws."""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType

import pytest
import torch

from gandash import losses, training
from gandash.data import Dataset
from gandash.training.streams import Purpose, Streams
from tests.conftest import ConfigFactory
from tests.training.whole_runs import (
    comparable,
    events,
    indices,
    tensors,
)


def test_an_epoch_shows_each_image_at_most_once(tiny_config: ConfigFactory) -> None:
    config = tiny_config(batch_size=5)
    batches = [index for _, index in indices(config, 24, 0, 12)]
    epochs = [torch.cat(batches[k : k + 4]).tolist() for k in (0, 4, 8)]
    assert all(len(set(epoch)) == 20 for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert set().union(*epochs) == set(range(24)), "what one epoch drops must come in another"


@pytest.mark.parametrize("first", [1, 3, 4, 11])
def test_the_order_does_not_depend_on_where_it_is_taken_up(
    tiny_config: ConfigFactory, first: int
) -> None:
    config = tiny_config(batch_size=5)
    whole = indices(config, 24, 0, 12)
    rest = indices(config, 24, first, 12)
    assert [update for update, _ in rest] == list(range(first, 12))
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(whole[first:], rest, strict=True))


def test_streams_of_seeds_purposes_and_steps_are_distinct() -> None:
    keys = [
        (seed, purpose, number)
        for seed in (0, 1, 2, 2**32 - 1)
        for purpose in Purpose
        for number in (0, 1, 2, 10**9)
    ]
    draws = {
        tuple(Streams(seed).normal(purpose, number, (4,)).tolist())
        for seed, purpose, number in keys
    }
    assert len(draws) == len(keys)


def test_what_each_purpose_draws_is_that_of_every_run_before() -> None:
    """Numbers of earlier versions: a run that was saved by one of them goes on with these."""
    streams = Streams(7)
    assert streams.permutation(Purpose.ORDER, 2, 6).tolist() == [0, 5, 4, 2, 1, 3]
    z = streams.normal(Purpose.LATENTS, 3, (2,))
    assert z.tolist() == pytest.approx([0.836927, -0.653805], abs=1e-6)
    mix = streams.uniform(Purpose.MIX, 5, 2)
    assert mix.tolist() == pytest.approx([0.128885, 0.555228], abs=1e-6)
    names = ["ORDER", "LATENTS", "MIX", "NOISE_REAL", "NOISE_FAKE", "NOISE_G", "LATENTS_G"]
    assert [purpose.name for purpose in Purpose][:7] == names
    assert [int(purpose) for purpose in Purpose] == list(range(len(Purpose)))


def test_a_draw_neither_heeds_nor_moves_the_global_stream() -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = Streams(0).normal(Purpose.LATENTS, 0, (3,))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(Streams(0).normal(Purpose.LATENTS, 0, (3,)), first)


@pytest.mark.parametrize("count", [1, 10, 37, 100])
def test_a_stratified_choice_has_each_class_by_its_share(count: int) -> None:
    labels = torch.tensor([0] * 50 + [1] * 30 + [3] * 20)  # sorted, and class 2 is missing
    chosen = Streams(0).stratified(Purpose.LABELLED, labels, count)
    assert len(set(chosen.tolist())) == len(chosen) == count
    shares = [(labels[chosen] == label).sum().item() for label in range(4)]
    wanted = [count * share for share in (0.5, 0.3, 0.0, 0.2)]
    assert all(abs(got - share) <= 1 for got, share in zip(shares, wanted, strict=True))
    again = Streams(0).stratified(Purpose.LABELLED, labels, count)
    assert torch.equal(chosen, again)
    if count == 37:
        other = Streams(1).stratified(Purpose.LABELLED, labels, count)
        assert set(chosen.tolist()) != set(other.tolist())
        assert max(chosen[labels[chosen] == 0].tolist()) > 25, "not the first of each class"


def test_a_stratified_choice_of_more_than_there_are_is_all_of_them() -> None:
    chosen = Streams(0).stratified(Purpose.LABELLED, torch.tensor([1, 0, 1]), 9)
    assert sorted(chosen.tolist()) == [0, 1, 2]


DRAWS = {
    "bernoulli", "bernoulli_", "cauchy_", "dropout", "exponential_", "Generator", "geometric_",
    "initial_seed", "log_normal_", "manual_seed", "multinomial", "normal", "normal_", "poisson",
    "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "random", "random_",
    "randperm", "seed", "uniform_",
}  # fmt: skip
OF_STREAMS = {"normal", "uniform", "permutation", "stratified"}


def draws_in(source: str) -> set[str]:
    """Calls in a source that make random numbers, but those of Streams."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        owner = ast.unparse(node.func).rpartition(".")[0].lower()
        if name in DRAWS and not (name in OF_STREAMS and owner.endswith("streams")):
            found.add(name)
    return found


def test_the_reader_of_draws_finds_them() -> None:
    source = "x = torch.rand(3)\ny = x.normal_()\nz = self.streams.normal(1, 2, (3,))"
    assert draws_in(source) == {"rand", "normal_"}


@pytest.mark.parametrize("package", [training, losses], ids=lambda package: package.__name__)
def test_nothing_but_the_streams_draws(package: ModuleType) -> None:
    assert package.__file__ is not None
    sources = {path: path.read_text() for path in Path(package.__file__).parent.rglob("*.py")}
    drawing = {path.name: names for path, text in sources.items() if (names := draws_in(text))}
    expected = {"streams.py": {"Generator", "manual_seed", "rand", "randn", "randperm"}}
    assert drawing == (expected if package is training else {})


def test_the_same_seed_is_the_same_run_and_another_is_another(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    first, reports, snapshots = events(tiny_config(ema=0.9), tiny_dataset)
    torch.manual_seed(1234)  # the global stream must not matter
    second, again, snapshots_again = events(tiny_config(ema=0.9), tiny_dataset)
    other, others, _ = events(tiny_config(ema=0.9, seed=1), tiny_dataset)
    assert all(
        torch.equal(tensor, tensors(second)[name]) for name, tensor in tensors(first).items()
    )
    assert list(map(comparable, reports)) == list(map(comparable, again))
    assert all(
        torch.equal(a.images, b.images) for a, b in zip(snapshots, snapshots_again, strict=True)
    )
    assert not torch.equal(
        tensors(first)["G.layers.0.0.weight"], tensors(other)["G.layers.0.0.weight"]
    )
    assert reports[-1].d_loss != others[-1].d_loss
