"""Images that no classifier has learned are measured on the features of that for CIFAR-10."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gandash import checkpoints, data, runs
from gandash.app.parts import score_tables
from gandash.checkpoints import Checkpoint, weights
from gandash.checkpoints.scores import GeneralFigures
from gandash.cli import main
from gandash.config import DataConfig
from gandash.evaluation import after_training, classifiers, features, metrics, real_images
from gandash.latent import draw, generate
from gandash.storage.paths import PROJECT
from tests.data.pictures import encoded, write_zip
from tests.evaluation.test_after_training import trained

SHIPPED = PROJECT / "pretrained" / "classifiers"
COUNT = 60


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A zip of 60 gray pictures of 40 pixels."""
    rng = np.random.default_rng(1)
    pictures = {
        f"{number}.png": encoded(rng.integers(0, 256, (40, 40)).astype(np.uint8))
        for number in range(COUNT)
    }
    write_zip(tmp_path / "own.zip", pictures)
    return tmp_path / "own.zip"


def of_own(root: Path, images: Path, **changes: object) -> Checkpoint:
    """A checkpoint of a tiny run on own images."""
    real_images.forget()
    return trained(root, data={"dataset": str(images), "size": 16}, **changes)


def test_figures_are_those_of_the_features_written_out(runs_root: Path, own: Path) -> None:
    checkpoint = of_own(runs_root, own)
    *_, found = after_training.evaluate(checkpoint, SHIPPED, 1000, 3, seeds=1)
    assert isinstance(found, GeneralFigures)
    network, facts = classifiers.load(SHIPPED, "cifar10")

    def read(images: Tensor) -> Tensor:
        large = data.fit(images.expand(-1, 3, -1, -1), 32)
        return classifiers.read(network, large)[0]

    G = weights.load_generator(checkpoint)
    fake = read(generate(G, draw(3, 1000, 4)))
    real = read(data.load(DataConfig(dataset=str(own), size=16)).images)
    assert found.frechet == pytest.approx(metrics.frechet_distance(fake, real), rel=1e-5)
    assert found.protocol.features == f"{facts.name}, which has not learned own"
    assert (found.protocol.real, found.protocol.split) == (COUNT, "train")


def test_the_command_keeps_them_beside_and_the_table_leaves_out_what_means_nothing(
    runs_root: Path,
    pretrained_root: Path,
    own: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkpoint = of_own(runs_root, own)
    pretrained_root.mkdir()
    (pretrained_root / "classifiers").symlink_to(SHIPPED)
    assert main.main(["evaluate", "tiny", "--count", "1000", "--seeds", "2"]) == 0
    card = checkpoints.load_card(checkpoint.folder)
    assert card.evaluation is None
    assert card.general is not None
    assert card.measured is card.general
    assert "which has not learned own" in capsys.readouterr().out
    (row,) = score_tables.table([card]).to_dict("records")
    assert row["Fréchet"] == card.general.shown("frechet")
    assert set(row) == {"Checkpoint", "Step", "Fréchet", "Kernel", "Precision", "Recall",
                        "Density", "Coverage"}  # fmt: skip


def test_a_run_on_own_images_is_measured_while_it_trains(
    runs_root: Path, pretrained_root: Path, own: Path
) -> None:
    """The best step is kept, and its protocol says what the figures are of."""
    pretrained_root.mkdir()
    (pretrained_root / "classifiers").symlink_to(SHIPPED)
    checkpoint = of_own(runs_root, own, steps=4, report_every=1, evaluate_every=2)
    table = runs.find(runs_root)[0].metrics()
    assert table.frechet.notna().tolist() == [False, True, False, True]
    assert checkpoint.card.step in (2, 4)
    assert checkpoint.card.last_step == 4
    protocol = runs.read_protocol(runs.find(runs_root)[0].folder)
    assert protocol is not None
    assert "which has not learned own" in protocol.features


def test_an_imported_generator_is_measured_against_what_one_names(
    runs_root: Path, pretrained_root: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of 28 pixels, against own images at 32."""
    pretrained_root.mkdir()
    (pretrained_root / "classifiers").symlink_to(SHIPPED)
    mlp = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 784), nn.Tanh())
    torch.save(mlp.state_dict(), own.parent / "netG.pth")
    real_images.forget()
    assert main.main(["import", str(own.parent / "netG.pth"), "--name", "theirs"]) == 0
    assert main.main(["evaluate", "theirs", "--count", "1000", "--seeds", "1"]) == 2
    assert "gandash evaluate theirs --against DATASET" in capsys.readouterr().err
    against = ["--against", str(own)]
    assert main.main(["evaluate", "theirs", "--count", "1000", "--seeds", "1", *against]) == 0
    card = checkpoints.load_card(runs_root / "theirs")
    assert card.general is not None
    assert card.general.protocol.real == COUNT
    assert "which has not learned own" in card.general.protocol.features
    of_own(runs_root, own)
    assert main.main(["evaluate", "tiny", *against]) == 2
    assert "which is here, and against is" in capsys.readouterr().err
    for nothing in ("nowhere.zip", "ring"):
        assert main.main(["evaluate", "theirs", "--against", nothing]) == 2
        assert f"{nothing!r} is no dataset of those" in capsys.readouterr().err


def test_data_with_a_classifier_of_another_shape_is_read_in_general_too() -> None:
    assert features.knows(SHIPPED, "mnist", (1, 32, 32))
    assert not features.knows(SHIPPED, "mnist", (1, 64, 64))
    assert not features.knows(SHIPPED, "noto-emoji", (3, 64, 64))
    assert features.extractor(SHIPPED, "mnist", (1, 32, 32), "MNIST").of_data
    assert not features.extractor(SHIPPED, "mnist", (3, 32, 32), "MNIST").of_data


def test_what_is_too_little_or_gone_is_refused(runs_root: Path, tmp_path: Path, own: Path) -> None:
    few = tmp_path / "few.zip"
    picture = encoded(np.zeros((20, 20), np.uint8))
    write_zip(few, {f"{number}.png": picture for number in range(9)})
    checkpoint = of_own(runs_root, few)
    with pytest.raises(ValueError, match="at least 50 real images, and few has 9: take more"):
        list(after_training.evaluate(checkpoint, SHIPPED, 1000, seeds=1))
    few.unlink()
    with pytest.raises(ValueError, match="those of 'tiny' are not here: name others"):
        after_training.check(checkpoint, SHIPPED)
    with pytest.raises(ValueError, match="No classifier has learned few"):
        features.check_general(tmp_path, "few")


def test_the_same_picture_has_the_same_features_at_any_size() -> None:
    """One color all over: nothing is lost when it is reduced."""
    read = features.extractor(SHIPPED, "other", (3, 64, 64), "others").read
    small, large = (torch.full((2, 3, side, side), 90, dtype=torch.uint8) for side in (32, 64))
    torch.testing.assert_close(read(small)[0], read(large)[0])
