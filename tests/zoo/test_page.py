"""The page about the zoo: every checkpoint that is there, its samples, its figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gandash import checkpoints, latent
from gandash.checkpoints import weights
from gandash.checkpoints.card import write_card
from gandash.checkpoints.scores import Gauges
from gandash.cli import main
from gandash.evaluation import classifiers
from gandash.zoo import Entry, rebuild
from gandash.zoo.page import write
from tests.conftest import measured

pytestmark = pytest.mark.usefixtures("plain_arithmetic")


@pytest.fixture
def trained(
    runs_root: Path,
    pretrained_root: Path,
    tiny_zoo: dict[str, Entry],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    list(rebuild.train([], runs_root, pretrained_root))
    monkeypatch.setattr("gandash.zoo.entries.ZOO", tiny_zoo | {"untrained": tiny_zoo["plain"]})
    return pretrained_root


def test_the_page_shows_every_checkpoint_with_its_first_samples(
    trained: Path, tmp_path: Path
) -> None:
    page = write(trained, tmp_path / "docs").read_text()
    assert "untrained" not in page
    assert "| --- |" not in page, "nothing is measured"
    for checkpoint in checkpoints.find(trained)[0]:
        assert f"### {checkpoint.card.title}\n" in page
        assert f'src="zoo/{checkpoint.name}.webp"' in page
        with Image.open(tmp_path / "docs" / "zoo" / f"{checkpoint.name}.webp") as picture:
            pixels = np.asarray(picture.convert("L"))
        G = weights.load_generator(checkpoint)
        images = latent.generate(G, latent.draw(0, 64, G.latent_dim))
        assert pixels.shape == (4 * 16, 16 * 16)
        np.testing.assert_array_equal(pixels[16:32, 32:48], images[18, 0].numpy())


def test_figures_stand_in_a_table_with_their_protocol(trained: Path, tmp_path: Path) -> None:
    plain, smoothed = checkpoints.find(trained)[0]
    checkpoints.attach(plain, measured(12.34))
    checkpoints.attach(smoothed, measured(5.0))
    page = write(trained, tmp_path).read_text()
    assert (
        "| Title of plain | last | 12.3 ± 0.3 | 0.10 ± 0.01 | 0.500 ± 0.004 | 0.250 ± 0.003 | "
        "0.400 | 0.300 | 1.100 ± 0.020 |\n"
    ) in page
    assert f"\n- Measured on {measured(1.0).protocol}.\n- ± is the standard deviation over" in page


def test_best_and_last_steps_do_not_stand_unmarked_in_one_table(
    trained: Path, tmp_path: Path
) -> None:
    plain, smoothed = checkpoints.find(trained)[0]
    checkpoints.attach(plain, measured(12.0))
    best = smoothed.card.model_copy(update={"last_step": 9, "evaluation": measured(11.0)})
    for split in ("test", "train"):
        write_card(smoothed.folder, best.model_copy(update={"chosen_on": split}))
        page = write(trained, tmp_path).read_text()
        assert "| Title of plain | last | 12.0" in page
        assert f"| Title of smoothed | best, {split} split | 11.0" in page
        assert ("flatters it beside a last one" in page) == (split == "test")


def test_real_images_stand_in_the_table_or_in_a_sentence_of_their_own(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for checkpoint in checkpoints.find(trained)[0]:
        checkpoints.attach(checkpoint, measured(12.0))
    for fake, within in ((1000, True), (70, False)):
        gauges = Gauges(real=measured(1.0, fake), noise=measured(900.0))
        monkeypatch.setattr(classifiers, "gauges", lambda *_, found=gauges: found)
        page = write(trained, tmp_path).read_text()
        assert ("| *training images* |  | 1.0" in page) == within
        assert (f"another protocol, a hint and no rank: {gauges.real.protocol}." in page) != within
        assert (
            "gray noise, about what an untrained generator makes, reach precision 0.500 ± 0.004"
            in page
        )


def test_arms_are_compared_over_seeds(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, checkpoint in enumerate(checkpoints.find(trained)[0]):
        config, figures = checkpoint.card.config, measured(10.0 + number)
        checkpoints.attach(checkpoint, figures)
        other = trained / f"{checkpoint.name}-seed-1"
        shutil.copytree(checkpoint.folder, other)
        changed = {
            "name": other.name,
            "config": config.model_copy(update={"seed": 1}),
            "evaluation": measured(12.0),
        }
        card = checkpoint.card.model_copy(update=changed)
        (other / checkpoints.CARD).write_text(card.model_dump_json())
    names = [checkpoint.name for checkpoint in checkpoints.find(trained)[0]]
    monkeypatch.setattr("gandash.zoo.entries.ZOO", dict.fromkeys(names))
    page = write(trained, tmp_path).read_text()
    assert "| 1, 0 | 2 | 11.0 ± 1.4 | 0.500 ± 0.000 |" in page
    assert "| 2 | 11.5 ± 0.7 |" in page


def test_figures_of_two_protocols_stand_in_no_table(trained: Path, tmp_path: Path) -> None:
    for count, checkpoint in enumerate(checkpoints.find(trained)[0], start=1000):
        checkpoints.attach(checkpoint, measured(1.0, count))
    with pytest.raises(
        ValueError,
        match=r"must share a protocol, .* 1,000 samples .* and 1,001 samples .* anew with",
    ):
        write(trained, tmp_path)


def test_the_command_says_where_the_page_is(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained.is_dir()
    assert main.main(["zoo", "document", "--docs", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"Wrote {tmp_path / 'zoo.md'}\n"
