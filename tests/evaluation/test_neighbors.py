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
from gandash.evaluation import after_training, classifiers, neighbors, real_images
from gandash.jobs import nearest_images, task
from gandash.runs import execution
from gandash.storage import tensor_cache
from gandash.storage.paths import classifiers_root
from tests.waiting import wait_for_end


def with_data(checkpoint: Checkpoint, **changes: object) -> Checkpoint:
    facts = checkpoint.card.data.model_copy(update=changes)
    return Checkpoint(checkpoint.folder, checkpoint.card.model_copy(update={"data": facts}))


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


def test_images_that_a_run_held_out_are_the_measure_of_its_own_data(
    runs_root: Path, image_folder: Path, tiny_config: Callable[..., Config]
) -> None:
    held_out = DataConfig(dataset=str(image_folder), size=16, held_out=0.25)
    list(execution.execute(runs.create(runs_root, tiny_config(data=held_out), "own")))
    checkpoint = find(runs_root)[0][0]
    dataset = neighbors.training_images(checkpoint)
    gauge = neighbors.pixels(checkpoint, dataset).gauge
    assert (gauge.probes, gauge.held_out, len(dataset)) == (6, True, 18)


def test_the_process_keeps_features_that_are_those_of_the_classifier(
    checkpoint: Checkpoint, runs_root: Path
) -> None:
    dataset = neighbors.training_images(checkpoint)
    extractor = neighbors.extractor(checkpoint)
    assert neighbors.features(runs_root, checkpoint, extractor, dataset) is None
    nearest_images.start(runs_root, checkpoint.folder)
    wait_for_end(task.process_of(runs_root))
    assert task.current(runs_root) is None, task.process_of(runs_root).log.read_text()
    space = neighbors.features(runs_root, checkpoint, extractor, dataset)
    assert space is not None
    features, _ = extractor.read(dataset.images)
    # Equal but for rounding, which depends on how many threads a process has.
    torch.testing.assert_close(space.references, features)
    assert (space.gauge.probes, space.gauge.held_out) == (400, True)
    held_out, _ = extractor.read(data.load(DataConfig(), "test").images)
    typical = torch.cdist(held_out.double(), features.double()).min(1).values.median()
    assert space.gauge.typical == pytest.approx(float(typical), rel=1e-4)
    path = neighbors.file(runs_root, extractor, dataset)
    path.write_bytes(path.read_bytes()[:100])
    assert neighbors.features(runs_root, checkpoint, extractor, dataset) is None


def test_what_an_evaluation_has_read_need_not_be_read_again(
    checkpoint: Checkpoint, runs_root: Path
) -> None:
    real_images.forget()
    dataset = neighbors.training_images(checkpoint)
    extractor = neighbors.extractor(checkpoint)
    steps = after_training.evaluate(checkpoint, classifiers_root(), 1000)
    while next(steps).doing != "Drawing samples":  # type: ignore[union-attr]
        pass
    assert neighbors.features(runs_root, checkpoint, extractor, dataset) is not None


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
    dataset = neighbors.training_images(checkpoint)
    extractor = neighbors.extractor(checkpoint)
    made = neighbors.file(runs_root, extractor, dataset)
    assert {path.name for path in folder.iterdir()} == {"old.safetensors", made.name}
    fewer = dataset.part(torch.arange(100))
    assert neighbors.file(runs_root, extractor, fewer) != made
    network, facts = classifiers.load(classifiers_root(), "mnist")
    network.output.bias += 1
    classifiers.save(classifiers_root(), network, facts)
    assert neighbors.file(runs_root, neighbors.extractor(checkpoint), dataset) != made


def test_points_and_too_large_data_are_refused(checkpoint: Checkpoint) -> None:
    with pytest.raises(ValueError, match="'tiny' makes points"):
        neighbors.training_images(with_data(checkpoint, shape=(2,)))
    with pytest.raises(
        ValueError, match="at most 256 MB of training images, and those of 'tiny' take 2,949 MB"
    ):
        neighbors.training_images(with_data(checkpoint, shape=(3, 128, 128), images=60_000))
