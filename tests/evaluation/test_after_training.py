"""An evaluation end to end on small data.

Its figures, its protocol, its refusals, and where it is kept.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gandash import checkpoints, data, runs, zoo
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.scores import Evaluation
from gandash.cli import main
from gandash.config import DataConfig, parse_config
from gandash.data import Dataset
from gandash.evaluation import after_training, classifiers
from gandash.evaluation.classifiers import Facts
from gandash.evaluation.progress import Progress
from gandash.runs import execution
from gandash.storage import tensor_cache
from gandash.zoo import rebuild

CLASSES = 4
FACTS = Facts(dataset="mnist", channels=1, classes=CLASSES, epochs=3, seed=0, accuracy=1.0)


def blobs(count: int, seed: int) -> Dataset:
    """Noise with a bright quarter that is the class."""
    rng = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 100, (count, 1, 32, 32), dtype=torch.uint8, generator=rng)
    labels = torch.arange(count) % CLASSES
    for number, label in enumerate(labels.tolist()):
        row, column = divmod(label, 2)
        images[number, :, 16 * row : 16 * row + 16, 16 * column : 16 * column + 16] += 120
    return Dataset("mnist", "Blobs", "none", images, labels, tuple("abcd"))


@pytest.fixture
def small_data(monkeypatch: pytest.MonkeyPatch) -> dict[str, Dataset]:
    """A small data set in the place of MNIST."""
    splits = {"train": blobs(600, 0), "test": blobs(400, 1)}
    monkeypatch.setattr(data, "load", lambda _config, split="train": splits[split])
    return splits


@pytest.fixture
def folder(tmp_path: Path, runs_root: Path, small_data: dict[str, Dataset]) -> Path:
    network = classifiers.fit(small_data["train"], 3)
    classifiers.save(tmp_path / "classifiers", network, FACTS)
    return tmp_path / "classifiers"


def trained(root: Path, **changes: object) -> Checkpoint:
    """A checkpoint of a tiny run."""
    settings: dict[str, object] = {
        "network": {"latent_dim": 4, "g_width": 4, "d_width": 4},
        "steps": 2,
        "batch_size": 8,
        "snapshots": 2,
        "precision": "fp32",
        "device": "cpu",
    }
    list(execution.execute(runs.create(root, parse_config(settings | changes), "tiny")))
    return checkpoints.find(root)[0][0]


def test_an_evaluation_names_its_protocol_and_is_the_same_twice(
    folder: Path, runs_root: Path
) -> None:
    checkpoint = trained(runs_root)
    *steps, found = after_training.evaluate(checkpoint, folder, 1000, seed=3)
    assert [item.step for item in steps if isinstance(item, Progress)] == list(
        range(1, Progress("", 1).steps + 1)
    )
    assert isinstance(found, Evaluation)
    assert (found.protocol.real, found.protocol.fake, found.protocol.seed, found.step) == (
        400,
        1000,
        3,
        2,
    )
    assert str(found.protocol).startswith(
        "1,000 samples of seed 3 against 400 images of the test split"
    )
    assert sum(found.class_shares) == pytest.approx(1, abs=1e-3)
    assert found.precision < 0.5, "an untrained G is not the data"
    assert found.label_accuracy is None
    *_, again = after_training.evaluate(checkpoint, folder, 1000, seed=3)
    assert isinstance(again, Evaluation)
    assert again.model_dump(exclude={"created"}) == found.model_dump(exclude={"created"})


def test_training_images_are_what_a_perfect_generator_reaches(
    folder: Path, small_data: dict[str, Dataset]
) -> None:
    *_, found = after_training.reference("mnist", folder, 600)
    assert isinstance(found, Evaluation)
    assert found.protocol.fake == len(small_data["train"])
    assert min(found.precision, found.recall, found.coverage) > 0.8
    assert found.missing == 0
    assert 3 < found.score <= CLASSES, "near its upper end"
    assert found.diversity == pytest.approx(1, abs=0.1)
    assert found.memorization == found.memorization_pixels == 0, "they are the training set"


def test_real_images_are_read_once_for_checkpoints_in_a_row_and_anew_for_another_classifier(
    folder: Path, runs_root: Path, small_data: dict[str, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = trained(runs_root, data={"limit": 100})
    loaded: list[str] = []

    def load(config: DataConfig, split: str = "train") -> Dataset:
        assert config.limit is None, "it is measured against all"
        loaded.append(split)
        return small_data[split]

    monkeypatch.setattr(data, "load", load)
    for _ in range(2):
        *_, found = after_training.evaluate(checkpoint, folder, 1000)
    assert sorted(loaded) == ["test", "train"]
    classifiers.save(
        folder, classifiers.fit(small_data["train"], 1), FACTS.model_copy(update={"epochs": 1})
    )
    *_, other = after_training.evaluate(checkpoint, folder, 1000)
    assert sorted(loaded) == ["test", "test", "train", "train"]
    assert isinstance(found, Evaluation)
    assert isinstance(other, Evaluation)
    assert other.frechet != found.frechet


def test_another_process_finds_the_features_of_real_images_in_a_file(
    folder: Path, runs_root: Path, small_data: dict[str, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = trained(runs_root)
    *_, first = after_training.evaluate(checkpoint, folder, 1000)
    read, seen = classifiers.read, []

    def counted(
        network: classifiers.Classifier, images: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(len(images))
        return read(network, images)

    monkeypatch.setattr(classifiers, "read", counted)
    file = next((runs_root / tensor_cache.FOLDER).glob("*.safetensors"))
    for damage, expected in ((None, [1000]), (b"nonsense", [400, 600, 1000])):
        if damage:
            file.write_bytes(damage)
        seen.clear()
        after_training.forget()
        *_, again = after_training.evaluate(checkpoint, folder, 1000)
        assert seen == expected
        assert isinstance(first, Evaluation)
        assert isinstance(again, Evaluation)
        assert again.model_dump(exclude={"created"}) == first.model_dump(exclude={"created"})
    small_data["train"].images[0] += 1  # other images under the same name
    after_training.forget()
    seen.clear()
    assert len(list(after_training.evaluate(checkpoint, folder, 1000))) > 1
    assert seen == [400, 600, 1000]


def test_an_entry_of_the_zoo_is_measured_when_it_is_trained_and_only_then(
    folder: Path, runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = trained(runs_root).card.config.model_copy(
        update={"epochs": 1, "steps": None, "batch_size": 100}
    )
    monkeypatch.setattr("gandash.zoo.entries.ZOO", {"entry": zoo.Entry("Title", config, "Note.")})
    seen = [item for _, item in rebuild.train([], runs_root / "zoo", folder.parent)]
    assert isinstance(seen[-1], Progress)
    card = checkpoints.load_card(folder.parent / "entry")
    assert card.evaluation is not None
    assert card.evaluation.step == card.step == 6
    assert list(rebuild.train([], runs_root / "zoo", folder.parent)) == []
    assert checkpoints.load_card(folder.parent / "entry") == card


def test_a_conditioned_generator_is_asked_for_every_class(folder: Path, runs_root: Path) -> None:
    checkpoint = trained(runs_root, labels={"conditioning": "concat"})
    *_, found = after_training.evaluate(checkpoint, folder, 1000)
    assert isinstance(found, Evaluation)
    assert found.label_accuracy == pytest.approx(1 / CLASSES, abs=0.25)


def test_what_cannot_be_measured_is_refused(folder: Path, runs_root: Path, tmp_path: Path) -> None:
    checkpoint = trained(runs_root)
    with pytest.raises(ValueError, match="at least 1,000 samples, not 999"):
        next(after_training.evaluate(checkpoint, folder, 999))
    with pytest.raises(ValueError, match="there is none for 'mnist'"):
        next(after_training.evaluate(checkpoint, tmp_path, 1000))


def test_other_shapes_and_data_without_held_out_images_are_refused(
    runs_root: Path, folder: Path
) -> None:
    checkpoint = trained(runs_root)
    card = checkpoint.card
    changes: dict[str, dict[str, object]] = {
        f"reads images of 1x32x32, and 'tiny' makes {'x'.join(map(str, shape))}": {
            "data": card.data.model_copy(update={"shape": shape})
        }
        for shape in ((3, 32, 32), (1, 16, 16))
    }
    config = card.config.model_copy(update={"data": DataConfig(dataset="../../etc/mine")})
    changes["held-out images of a named dataset .* '../../etc/mine' has none"] = {"config": config}
    for sentence, change in changes.items():
        other = Checkpoint(checkpoint.folder, card.model_copy(update=change))
        with pytest.raises(ValueError, match=sentence):
            next(after_training.evaluate(other, folder, 1000))


def test_points_are_refused(runs_root: Path, folder: Path) -> None:
    checkpoint = trained(runs_root)
    facts = checkpoint.card.data.model_copy(update={"shape": (2,)})
    other = Checkpoint(checkpoint.folder, checkpoint.card.model_copy(update={"data": facts}))
    with pytest.raises(ValueError, match="Classifiers read images, and 'tiny' makes points"):
        next(after_training.evaluate(other, folder, 1000))


def test_the_command_keeps_the_figures_in_the_card(
    folder: Path, runs_root: Path, pretrained_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = trained(runs_root)
    pretrained_root.mkdir()
    folder.rename(pretrained_root / "classifiers")
    assert main.main(["evaluate", "tiny", "--count", "1000"]) == 0
    shown = capsys.readouterr().out
    card = checkpoints.load_card(checkpoint.folder)
    assert card.evaluation is not None
    assert f"precision              {card.evaluation.precision:g}" in shown
    assert card.model_copy(update={"evaluation": None}) == checkpoint.card


@pytest.mark.usefixtures("small_data")
def test_the_command_makes_a_classifier_and_measures_real_images(
    pretrained_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["classifier", "mnist", "--epochs", "1"]) == 0
    _, facts = classifiers.load(pretrained_root / "classifiers", "mnist")
    assert facts.reference is not None
    assert facts.reference.memorization == 0
    assert "600 samples of seed 0 against 400 images" in capsys.readouterr().out
    assert main.main(["classifier", "/tmp/images"]) == 2
    assert "'/tmp/images' has none" in capsys.readouterr().err


def test_images_of_a_file_called_like_a_dataset_are_not_measured_as_that(
    folder: Path, runs_root: Path
) -> None:
    """Such a file's name without its ending is in the card, but its images are the user's."""
    checkpoint = trained(runs_root)
    card = checkpoint.card
    assert card.data.name == "mnist"
    config = card.config.model_copy(update={"data": DataConfig(dataset="uploads/mnist.zip")})
    with pytest.raises(
        ValueError, match=r"held-out images of a named dataset .*mnist\.zip' has none"
    ):
        next(
            after_training.evaluate(
                Checkpoint(checkpoint.folder, card.model_copy(update={"config": config})), folder
            )
        )
