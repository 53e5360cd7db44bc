"""The classifier learns, is written and read back, and says what is wrong with its file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gandash import data
from gandash.config import DataConfig
from gandash.data import Dataset
from gandash.evaluation import classifiers
from gandash.evaluation.classifiers import Classifier, Facts

FACTS = Facts(dataset="mine", channels=1, classes=2, epochs=1, seed=0, accuracy=0.5)


@pytest.fixture(scope="module")
def sides(image_folder: Path) -> Dataset:
    """Bright squares on the left or on the right, 32x32, each many times."""
    dataset = data.load(DataConfig(dataset=str(image_folder), size=32))
    assert dataset.labels is not None
    return Dataset(
        "sides",
        "Sides",
        "none",
        dataset.images.repeat(32, 1, 1, 1),
        dataset.labels.repeat(32),
        dataset.classes,
    )


def test_it_learns_two_classes_and_the_seed_decides(sides: Dataset) -> None:
    told: list[tuple[int, int]] = []
    first = classifiers.fit(sides, 2, seed=1)
    second = classifiers.fit(sides, 2, seed=1, on_step=lambda *done: told.append(done))
    assert told == [(step, len(told)) for step in range(1, len(told) + 1)]
    assert told
    assert classifiers.accuracy(first, sides) == 1.0
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)
    )


def test_features_lead_to_the_scores() -> None:
    network = Classifier(3, 7).eval()
    images = torch.randint(
        0, 256, (5, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    features, scores = classifiers.read(network, images)
    assert features.shape == (5, classifiers.FEATURES)
    assert scores.shape == (5, 7)
    with torch.inference_mode():
        torch.testing.assert_close(scores, network.output(features))
    assert classifiers.classify(network, images).tolist() == scores.argmax(1).tolist()


def test_data_without_labels_are_refused(sides: Dataset) -> None:
    bare = Dataset("bare", "Bare", "none", sides.images)
    for use in (
        lambda: classifiers.fit(bare, 1),
        lambda: classifiers.accuracy(Classifier(1, 2), bare),
    ):
        with pytest.raises(ValueError, match="needs labels, and 'bare' has none"):
            use()


def test_a_file_round_trip(tmp_path: Path) -> None:
    network = Classifier(1, 2).eval()
    path = classifiers.save(tmp_path, network, FACTS)
    again, facts = classifiers.load(tmp_path, "mine")
    assert (path.name, facts) == ("mine.safetensors", FACTS)
    images = torch.randint(0, 256, (4, 1, 32, 32), dtype=torch.uint8)
    torch.testing.assert_close(classifiers.read(again, images), classifiers.read(network, images))


def test_a_missing_classifier_is_named_with_the_remedy(tmp_path: Path) -> None:
    classifiers.save(tmp_path, Classifier(1, 2), FACTS)
    with pytest.raises(
        ValueError, match=r"none for 'other' \(there are: mine\).*gandash classifier other"
    ):
        classifiers.load(tmp_path, "other")


@pytest.mark.parametrize("content", [b"", b"{}", b"\x80\x04pickle"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        classifiers.load(tmp_path, "mine")
