"""Own images on the Train page: taken in wholly, shown as trained on, with settings that fit."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gandash import data, runs
from gandash.app.parts import own_images
from gandash.config import own_images as preset
from gandash.data import SOURCES, uploads
from gandash.jobs import queue, timing
from gandash.jobs.timing import Timing
from tests.app.test_pages import visit
from tests.data.pictures import RNG, encoded, zipped

WIDE = [encoded(RNG.integers(0, 256, (70, 100, 3), dtype=np.uint8)) for _ in range(60)]
MIXED = zipped({f"a/{i:02d}.png": it for i, it in enumerate(WIDE)} | {"b.txt": b"", "a/x.png": b""})


@pytest.fixture
def page(runs_root: Path, pretrained_root: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The Train page after a zip was handed in; a step takes 10 ms."""
    monkeypatch.setattr(
        timing, "of_step", lambda *_: Timing(seconds=0.01, low=0.009, high=0.02, steps=9)
    )
    app = visit("train")
    app.file_uploader(key="train_upload").set_value([("my zip.zip", MIXED, "application/zip")])
    return app.run()


def crops(app: AppTest) -> str:
    """The URL of the picture of real crops."""
    (url,) = re.findall(r'class="gd-images gd-crops" src="([^"]+)"', html(app))
    return str(url)


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def test_a_zip_is_looked_at_chosen_and_given_settings_that_fit(
    page: AppTest, runs_root: Path
) -> None:
    assert not page.exception
    (name,) = uploads.find(runs_root)
    assert page.selectbox(key="train.data.dataset").value == name
    assert page.selectbox(key="train_preset").value == "Own images"
    assert page.number_input(key="train.batch_size").value == 16
    assert page.selectbox(key="train.data.size").value == 64
    assert any("60 of 62 files used" in it.value for it in page.markdown)
    assert "24 of them as D will see them: 64×64 pixels" in html(page)
    assert "A crop loses 30% of a picture" in html(page)
    steps = 60 // 16 * page.number_input(key="train.epochs").value
    said = f"{steps:,} steps of 10 ms (9 ms to 20 ms when 9 were tried"
    assert any(said in it.value for it in page.caption)


def test_a_link_shows_others_the_same(page: AppTest) -> None:
    """What fits these images is no default of the form, and so is in the link."""
    app = visit(
        "train",
        **{
            "train_preset": "Own images",
            "train.data.dataset": str(page.selectbox(key="train.data.dataset").value),
            "train.data.size": "64",
            "train.data.framing": "fit",
        },
    )
    assert not app.exception
    assert app.segmented_control(key="train.data.framing").value == "fit"
    assert "24 of them as D will see them: 64×64 pixels" in html(app)
    assert app.number_input(key="train.batch_size").value == 128, "which the link would say"


def test_framing_and_flips_are_seen_at_once(page: AppTest) -> None:
    seen = {crops(page)}
    for how in ("fit", "stretch"):
        page.segmented_control(key="train.data.framing").set_value(how).run()
        seen.add(crops(page))
    page.toggle(key="train.data.flips").set_value(True).run()
    seen.add(crops(page))
    page.selectbox(key="train.data.size").set_value(32).run()
    seen.add(crops(page))
    assert len(seen) == 5
    assert "some mirrored: 32×32 pixels" in html(page)


def test_a_batch_that_is_too_large_is_refused_before_the_start(page: AppTest) -> None:
    page.number_input(key="train.batch_size").set_value(64).run()
    assert page.button(key="train_start").disabled
    assert any("for 60 images: choose at most 60" in it.value for it in page.error)
    page.button(key="own_lower").click().run()
    assert page.number_input(key="train.batch_size").value == 16
    assert not page.button(key="train_start").disabled


def test_what_does_not_fit_into_memory_is_refused_before_the_start(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_: object) -> Timing:
        raise ValueError("A run must fit into memory, and this one does not: choose less")

    monkeypatch.setattr(timing, "of_step", too_large)
    page.number_input(key="train.network.g_width").set_value(1024).run()
    page.button(key="own_time").click().run()
    assert page.button(key="train_start").disabled
    assert any("must fit into memory" in it.value for it in page.error)
    page.number_input(key="train.network.g_width").set_value(32).run()
    assert not page.button(key="train_start").disabled


def test_a_folder_is_taken_on_ones_own_machine_alone(
    runs_root: Path, pretrained_root: Path, image_folder: Path
) -> None:
    """A test's browser sends no Host, and so is not known to be there."""
    assert "own_folder" not in visit("train").session_state
    name = uploads.refer(runs_root, str(image_folder))
    assert uploads.find(runs_root) == {name: image_folder.resolve()}
    app = visit("train", **{"train.data.dataset": name})
    assert not app.exception
    assert any("24 images" in it.value for it in app.markdown)
    with pytest.raises(ValueError, match=r"is not on this machine: check the path$"):
        uploads.refer(runs_root, "/nowhere/at/all")


def test_the_preset_without_images_says_what_it_needs(
    runs_root: Path, pretrained_root: Path
) -> None:
    app = visit("train", train_preset="Own images")
    assert app.button(key="train_start").disabled
    assert any("needs images of one's own" in it.value for it in app.error)


def test_what_was_handed_in_can_be_removed(page: AppTest, runs_root: Path) -> None:
    page.button(key="own_remove").click().run()
    assert not page.exception
    assert uploads.find(runs_root) == {}
    assert not list((runs_root / "uploads").iterdir())
    assert page.selectbox(key="train.data.dataset").value == next(iter(SOURCES))
    with pytest.raises(ValueError, match="it was removed before"):
        uploads.remove(runs_root, "gone")


def test_what_was_handed_in_as_pairs_is_translated(
    runs_root: Path, pretrained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two folders A and B in a zip, chosen as pairs: pix2pix comes along, and leaves again."""
    colors = {"A": 0, "B": 255}
    pictures = {
        f"{side}/{number}.png": encoded(np.full((16, 16, 3), color, np.uint8))
        for side, color in colors.items()
        for number in range(8)
    }
    name = uploads.keep(runs_root, [("both.zip", zipped(pictures))])
    app = visit("train", **{"train.data.size": "32", "train.batch_size": "4", "train.steps": "2"})
    choice = app.selectbox(key="train.data.dataset_by_title")
    assert "both.zip, as pairs (A and B, or halves)" in choice.options
    choice.set_value(f"pairs:{name}").run()
    assert not app.exception
    assert [error.value for error in app.error] == []
    assert app.selectbox(key="train.translation.translator").value == "pix2pix"
    with queue.worker_of(runs_root).serve():  # nothing is launched
        app.button(key="train_start").click().run()
    (run,) = runs.find(runs_root)
    config = run.config()
    assert config.data.dataset == f"pairs:{uploads.find(runs_root)[name]}"
    dataset = data.load(config.data)
    assert dataset.images.shape[:2] == (8, 2)
    assert dataset.belong
    assert (dataset.images[:, 0] == 0).all()
    assert (dataset.images[:, 1] == 255).all()
    assert own_images.name_of(config.data.dataset) == f"pairs:{name}"
    app.selectbox(key="train.data.dataset").set_value(name).run()
    assert app.selectbox(key="train.translation.translator").value == "none"
    app.selectbox(key="train_preset").set_value("Own images").run()
    assert app.selectbox(key="train.few.augment").value == "diffaugment"
    assert preset.EXPECT in [it.value for it in app.caption]
    app.selectbox(key="train.data.dataset").set_value(f"pairs:{name}").run()
    assert app.selectbox(key="train.few.augment").value == "none", "pix2pix cannot have it"
    assert preset.EXPECT_OF_PAIRS in [it.value for it in app.caption]
    assert [error.value for error in app.error] == []
