"""Nearest training images: against a plain search, what the measure of a distance is.

And the file of features.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gandash import data, runs
from gandash.checkpoints import Checkpoint, find
from gandash.config import Config, DataConfig
from gandash.data import to_unit
from gandash.evaluation import classifiers, neighbors
from gandash.jobs import nearest_images, task
from gandash.runs import execution
from gandash.storage import tensor_cache
from gandash.storage.paths import classifiers_root
from tests.waiting import wait_for_end


def with_data(checkpoint: Checkpoint, **changes: object) -> Checkpoint:
    facts = checkpoint.card.data.model_copy(update=changes)
    return Checkpoint(checkpoint.folder, checkpoint.card.model_copy(update={"data": facts}))


def test_copies_are_at_distance_0() -> None:
    references = torch.randint(
        0, 256, (300, 1, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    distances, places = neighbors.nearest(references, references, 3)
    assert not distances[:, 0].any()
    assert torch.equal(places[:, 0], torch.arange(300))


@pytest.mark.parametrize("kind", ["pixels", "features"])
def test_it_finds_what_a_plain_search_finds_over_many_parts(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbors, "CHUNK", 7)
    rng = torch.Generator().manual_seed(0)
    if kind == "pixels":
        references = torch.randint(0, 256, (50, 1, 4, 4), dtype=torch.uint8, generator=rng)
        rows = to_unit(references).flatten(1).double()
    else:
        references = torch.randn(50, 16, generator=rng).half()
        rows = references.double()
    distances, indices = neighbors.nearest(references[[3, 40]], references, 5)
    plain = (rows[[3, 40], None] - rows[None]).square().sum(2).sqrt().sort(1)
    assert indices.tolist() == plain.indices[:, :5].tolist()
    assert indices[:, 0].tolist() == [3, 40]
    torch.testing.assert_close(distances.double(), plain.values[:, :5], atol=2e-3, rtol=1e-4)


def test_there_are_no_more_neighbors_than_references() -> None:
    distances, indices = neighbors.nearest(
        torch.zeros(1, 2), torch.tensor([[3.0, 4.0], [0.0, 1.0]]), 5
    )
    assert distances.tolist() == [[1.0, 5.0]]
    assert indices.tolist() == [[1, 0]]


def test_distances_are_held_against_those_of_held_out_images(checkpoint: Checkpoint) -> None:
    dataset = neighbors.training_images(checkpoint)
    space = neighbors.pixels(checkpoint, dataset)
    test = data.load(DataConfig(), "test").images
    rows = [to_unit(images).flatten(1).double() for images in (test, dataset.images)]
    typical = float(
        (rows[0][:, None] - rows[1][None]).square().sum(2).sqrt().min(1).values.median()
    )
    assert space.gauge.typical == pytest.approx(typical, rel=1e-3)
    assert str(space.gauge) == (
        "the median distance of 400 held-out images to their nearest training image is "
        f"{typical:.2f}"
    )


def test_without_held_out_images_the_training_images_themselves_are_the_measure(
    runs_root: Path, tiny_config: Callable[..., Config]
) -> None:
    list(execution.execute(runs.create(runs_root, tiny_config(), "own")))
    checkpoint = find(runs_root)[0][0]
    gauge = neighbors.pixels(checkpoint, neighbors.training_images(checkpoint)).gauge
    assert (gauge.probes, gauge.held_out) == (24, False)
    assert gauge.typical > 0.1, "an image is not its own neighbor"
    assert "24 training images, themselves left out" in str(gauge)


def test_the_process_keeps_features_that_are_those_of_the_classifier(
    checkpoint: Checkpoint, runs_root: Path
) -> None:
    path = neighbors.file(runs_root, checkpoint)
    assert neighbors.read(path) is None
    nearest_images.start(runs_root, checkpoint.folder)
    wait_for_end(task.process_of(runs_root))
    assert task.current(runs_root) is None, task.process_of(runs_root).log.read_text()
    space = neighbors.read(path)
    assert space is not None
    dataset = neighbors.training_images(checkpoint)
    features, _ = classifiers.read(neighbors.classifier(checkpoint), dataset.images)
    torch.testing.assert_close(space.references.float(), features, atol=1e-2, rtol=2e-3)
    assert (space.gauge.probes, space.gauge.held_out) == (400, True)
    held_out, _ = classifiers.read(
        neighbors.classifier(checkpoint), data.load(DataConfig(), "test").images
    )
    typical = torch.cdist(held_out, features).min(1).values.median()
    assert space.gauge.typical == pytest.approx(float(typical), rel=1e-2)
    path.write_bytes(path.read_bytes()[:100])
    assert neighbors.read(path) is None


def test_files_are_named_for_data_and_classifier_and_only_a_few_are_kept(
    checkpoint: Checkpoint, runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensor_cache, "MOST_FILES", 2)
    folder = runs_root / tensor_cache.FOLDER
    folder.mkdir()
    for age, name in enumerate(("oldest", "older", "old")):
        (folder / f"{name}.safetensors").touch()
        os.utime(folder / f"{name}.safetensors", (age, age))
    steps = list(nearest_images.build(runs_root, checkpoint.folder))
    assert [item.step for item in steps] == list(range(1, steps[-1].steps + 1))
    made = neighbors.file(runs_root, checkpoint)
    assert {path.name for path in folder.iterdir()} == {"old.safetensors", made.name}
    config = checkpoint.card.config
    fewer = config.model_copy(update={"data": config.data.model_copy(update={"limit": 100})})
    card = checkpoint.card.model_copy(update={"config": fewer})
    assert neighbors.file(runs_root, Checkpoint(checkpoint.folder, card)) != made
    weights = classifiers_root() / "mnist.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    assert neighbors.file(runs_root, checkpoint) != made


def test_points_and_too_large_data_are_refused(checkpoint: Checkpoint) -> None:
    with pytest.raises(ValueError, match="'tiny' makes points"):
        neighbors.training_images(with_data(checkpoint, shape=(2,)))
    with pytest.raises(
        ValueError, match="at most 256 MB of training images, and those of 'tiny' take 2,949 MB"
    ):
        neighbors.training_images(with_data(checkpoint, shape=(3, 128, 128), images=60_000))
