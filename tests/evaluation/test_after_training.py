"""An evaluation end to end on small data.

Its figures, its protocol, its refusals, and where it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from gandash import checkpoints, data, runs, zoo
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.scores import Evaluation, Figures
from gandash.cli import main
from gandash.config import DataConfig, parse_config
from gandash.data import Dataset
from gandash.evaluation import after_training, classifiers, metrics, real_images
from gandash.evaluation.classifiers import Facts
from gandash.evaluation.draws import Draws
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


@pytest.fixture(autouse=True)
def nothing_read_before() -> None:
    """Other tests may have read other images."""
    real_images.forget()


@pytest.fixture
def small_data(monkeypatch: pytest.MonkeyPatch) -> dict[str, Dataset]:
    """A small data set in the place of MNIST."""
    splits = {"train": blobs(600, 0), "test": blobs(400, 1)}
    monkeypatch.setattr(data, "load", lambda _config, split="train", **_told: splits[split])
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


def figures_of(steps: Iterator[Progress | Figures]) -> Evaluation:
    """The result of a measurement, which says before how far it is."""
    *progress, found = steps
    assert isinstance(found, Evaluation)
    numbers = [(item.step, item.steps) for item in progress if isinstance(item, Progress)]
    assert numbers == [(step, len(progress)) for step in range(1, len(progress) + 1)]
    return found


def same(a: Evaluation, b: Evaluation) -> bool:
    return a.model_dump(exclude={"created"}) == b.model_dump(exclude={"created"})


def test_an_evaluation_names_its_protocol_and_is_the_same_twice(
    folder: Path, runs_root: Path
) -> None:
    checkpoint = trained(runs_root)
    found = figures_of(after_training.evaluate(checkpoint, folder, 1000, seed=3, seeds=1))
    protocol = found.protocol
    assert (protocol.real, protocol.fake, protocol.seed, protocol.seeds) == (400, 1000, 3, 1)
    assert found.step == 2
    assert str(protocol).startswith("1,000 samples of seed 3 against 400 images of the test split")
    assert sum(found.class_shares) == pytest.approx(1, abs=1e-3)
    assert found.precision < 0.5, "an untrained G is not the data"
    assert found.label_accuracy is None
    assert not found.spread
    assert "chance was not measured" in found.about_noise
    assert same(figures_of(after_training.evaluate(checkpoint, folder, 1000, 3, 1)), found)


def test_figures_are_means_over_sample_seeds_with_their_spread(
    folder: Path, runs_root: Path
) -> None:
    checkpoint = trained(runs_root)
    found = figures_of(after_training.evaluate(checkpoint, folder, 1000, 5, 3))
    single = [
        figures_of(after_training.evaluate(checkpoint, folder, 1000, seed, 1)) for seed in (5, 6, 7)
    ]
    for name in ("frechet", "kernel", "recall", "coverage", "diversity", "memorization_pixels"):
        values = [getattr(it, name) for it in single]
        assert getattr(found, name) == pytest.approx(np.mean(values)), name
        assert found.spread[name] == pytest.approx(np.std(values, ddof=1)), name
    assert found.spread["frechet"] > 0
    assert found.kernel_error == pytest.approx(np.mean([it.kernel_error for it in single]))
    assert found.shown("frechet") == f"{found.frechet:.1f} ± {found.spread['frechet']:.1f}"
    assert found.shown("kernel") == f"{found.kernel:.2f} ± {found.kernel_error:.2f}"
    assert str(found.protocol).startswith("1,000 samples of each of the seeds 5 to 7 against")
    assert "standard deviation over 3 sets of samples" in found.about_noise


def test_two_halves_of_the_test_split_are_what_a_perfect_generator_reaches(
    folder: Path, small_data: dict[str, Dataset]
) -> None:
    found = figures_of(after_training.real_halves("mnist", folder))
    assert (found.protocol.real, found.protocol.fake) == (200, 200)
    assert found.protocol.split == "halved test"
    assert min(found.precision, found.recall, found.coverage) > 0.8
    assert found.missing == 0
    assert 3 < found.score <= CLASSES, "near its upper end"
    assert found.diversity == pytest.approx(1, abs=0.1)
    assert found.memorization == pytest.approx(1, abs=0.1), "nobody has seen them"
    assert abs(found.kernel) < 3 * (found.kernel_error or 0)
    extractor = classifiers.extractor(folder, "mnist")
    order = torch.randperm(400, generator=torch.Generator().manual_seed(7))
    one, other = (
        extractor.read(small_data["test"].images[order[half]])[0]
        for half in (slice(200), slice(200, 400))
    )
    draws = Draws(seed=7, seeds=1)
    single = figures_of(after_training.real_halves("mnist", folder, draws))
    assert single.frechet == pytest.approx(metrics.frechet_distance(one, other))
    assert single.recall == pytest.approx(metrics.neighborhoods(one, other).recall)


def test_noise_is_told_from_real_images(folder: Path) -> None:
    halves = figures_of(after_training.real_halves("mnist", folder))
    found = figures_of(after_training.noise("mnist", folder, Draws(1000)))
    assert (found.protocol.fake, found.protocol.split) == (1000, "test")
    assert found.frechet > 10 * halves.frechet
    assert found.coverage < 0.2


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
        found = figures_of(after_training.evaluate(checkpoint, folder, 1000, seeds=1))
    assert sorted(loaded) == ["test", "train"]
    classifiers.save(
        folder, classifiers.fit(small_data["train"], 1), FACTS.model_copy(update={"epochs": 1})
    )
    other = figures_of(after_training.evaluate(checkpoint, folder, 1000, seeds=1))
    assert sorted(loaded) == ["test", "test", "train", "train"]
    assert other.frechet != found.frechet


def test_another_process_finds_the_features_of_real_images_in_files(
    folder: Path, runs_root: Path, small_data: dict[str, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = trained(runs_root)
    first = figures_of(after_training.evaluate(checkpoint, folder, 1000, seeds=1))
    read = classifiers.read
    seen: list[int] = []

    def counted(
        network: classifiers.Classifier, images: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(len(images))
        return read(network, images)

    monkeypatch.setattr(classifiers, "read", counted)

    def again() -> Evaluation:
        seen.clear()
        real_images.forget()
        return figures_of(after_training.evaluate(checkpoint, folder, 1000, seeds=1))

    assert same(again(), first)
    assert seen == [1000]
    for file in (runs_root / tensor_cache.FOLDER).glob("*.safetensors"):
        file.write_bytes(b"nonsense")
    assert same(again(), first)
    assert seen == [400, 600, 1000]
    small_data["train"] = blobs(600, 2)  # other images under the same name
    assert not same(again(), first)
    assert seen == [600, 1000]


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
    found = figures_of(after_training.evaluate(checkpoint, folder, 1000, seeds=1))
    assert found.label_accuracy == pytest.approx(1 / CLASSES, abs=0.25)


def test_what_cannot_be_measured_is_refused(folder: Path, runs_root: Path, tmp_path: Path) -> None:
    checkpoint = trained(runs_root)
    with pytest.raises(ValueError, match="at least 1,000 samples, not 999"):
        next(after_training.evaluate(checkpoint, folder, 999))
    with pytest.raises(ValueError, match="No classifier has learned Blobs, and that for cifar10"):
        next(after_training.evaluate(checkpoint, tmp_path, 1000))
    with pytest.raises(ValueError, match=r"must be one or more of 0 to .* not 0 from 0 on"):
        next(after_training.evaluate(checkpoint, folder, 1000, seeds=0))


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
            after_training.check_classes(other, folder)


def test_points_are_refused(runs_root: Path, folder: Path) -> None:
    checkpoint = trained(runs_root)
    facts = checkpoint.card.data.model_copy(update={"shape": (2,)})
    other = Checkpoint(checkpoint.folder, checkpoint.card.model_copy(update={"data": facts}))
    with pytest.raises(ValueError, match="Classifiers read images, and 'tiny' makes points"):
        after_training.check(other, folder)


def test_the_command_keeps_the_figures_in_the_card(
    folder: Path, runs_root: Path, pretrained_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = trained(runs_root)
    pretrained_root.mkdir()
    folder.rename(pretrained_root / "classifiers")
    assert main.main(["evaluate", "tiny", "--count", "1000", "--seeds", "2"]) == 0
    shown = capsys.readouterr().out
    card = checkpoints.load_card(checkpoint.folder)
    assert card.evaluation is not None
    assert card.evaluation.protocol.seeds == 2
    assert f"precision              {card.evaluation.shown('precision')}\n" in shown
    assert f"kernel                 {card.evaluation.shown('kernel')}\n" in shown
    assert card.evaluation.about_noise in shown
    assert card.model_copy(update={"evaluation": None}) == checkpoint.card


@pytest.mark.usefixtures("small_data")
def test_the_command_makes_a_classifier_and_measures_real_images(
    pretrained_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["classifier", "mnist", "--epochs", "1"]) == 0
    _, facts = classifiers.load(pretrained_root / "classifiers", "mnist")
    assert facts.reference is not None
    assert facts.noise is not None
    assert facts.reference.memorization == pytest.approx(1, abs=0.1)
    assert "against 200 images of the halved test split" in capsys.readouterr().out
    network, _ = classifiers.load(pretrained_root / "classifiers", "mnist")
    bare = facts.model_copy(update={"reference": None, "noise": None})
    classifiers.save(pretrained_root / "classifiers", network, bare)
    assert main.main(["classifier", "mnist", "--keep", "True"]) == 0
    again, measured = classifiers.load(pretrained_root / "classifiers", "mnist")
    assert measured.reference is not None
    assert same(measured.reference, facts.reference)
    assert all(
        torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True)
    )
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
        after_training.check_classes(
            Checkpoint(checkpoint.folder, card.model_copy(update={"config": config})), folder
        )
