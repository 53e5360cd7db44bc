"""The gallery page: measuring from a card, order and filters, nearest training images."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gandash import checkpoints, records, runs
from gandash.app.parts import browse
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.card import write_card
from gandash.config import Config
from gandash.evaluation import neighbors
from gandash.jobs import measuring, nearest_images, task
from gandash.jobs.task import Job
from gandash.runs import execution
from gandash.storage.paths import PROJECT
from tests.app.visiting import fine, visit
from tests.conftest import measured


def gallery(**query: str) -> AppTest:
    return fine(visit("gallery", **query))


def html_of(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def buttons(app: AppTest) -> dict[str, str]:
    """Labels of the buttons that measure, by key."""
    return {
        str(button.key): button.label
        for button in app.button
        if str(button.key).startswith("gallery_measure")
    }


@pytest.fixture(scope="session")
def digits_folder(
    tmp_path_factory: pytest.TempPathFactory,
    small_mnist_folder: Path,
    small_config: Callable[..., Config],
) -> Path:
    """A finished tiny run on the small digits, and one on the ring."""
    root = tmp_path_factory.mktemp("digits")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANDASH_DATA", str(small_mnist_folder / "data"))
        list(execution.execute(runs.create(root, small_config(), "digits")))
        ring = {"data": {"dataset": "ring"}, "network": {"architecture": "mlp", "latent_dim": 4}}
        list(execution.execute(runs.create(root, small_config(**ring), "ring")))
    return root


@pytest.fixture
def digits(digits_folder: Path, small_mnist: Path, runs_root: Path) -> Checkpoint:
    """The tiny runs among this machine's, with data and classifier for the digits.

    Returns the digits.
    """
    shutil.copytree(digits_folder, runs_root)
    st.cache_resource.clear()  # data of that name that other tests have read are others
    return next(found for found in checkpoints.find(runs_root)[0] if found.name == "digits")


def job(checkpoint: Checkpoint, root: Path, **changes: object) -> None:
    """Write down a job on the checkpoint that this process's tests do not run."""
    fresh = Job(
        module=measuring.MODULE,
        folder=str(checkpoint.folder.resolve()),
        what="measuring it",
        started=records.now(),
    )
    task.write(root, fresh.model_copy(update=changes))


# Measuring


def test_only_what_can_be_measured_has_the_button_and_the_rest_says_why(digits: Checkpoint) -> None:
    assert not buttons(gallery()), "cards are pictures; what can be done stands in the opened one"
    assert buttons(gallery(gallery_open="digits")) == {"gallery_measure_digits": "Measure"}
    app = gallery(gallery_open="ring")
    assert not buttons(app)
    (why,) = [caption.value for caption in app.caption if caption.value.startswith("Not measured")]
    assert "'ring' makes points" in why


def test_the_button_starts_a_job_and_a_refusal_is_one_sentence(
    digits: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def start(root: Path, folder: Path) -> None:
        asked.append(folder)
        raise ValueError(
            "One job runs beside the server at a time, and it is measuring 'x': try again"
        )

    monkeypatch.setattr(measuring, "start", start)
    app = gallery(gallery_open="digits")
    app.button(key="gallery_measure_digits").click().run()
    assert asked == [digits.folder]
    assert [warning.value for warning in app.warning] == [
        "One job runs beside the server at a time, and it is measuring 'x': try again"
    ]
    app.run()
    assert len(app.warning) == 1, "it stands there until something else is pressed"


@pytest.mark.parametrize("opened", ["digits", ""])
def test_progress_is_seen_in_every_session_whether_the_checkpoint_is_open_or_not(
    digits: Checkpoint, runs_root: Path, opened: str
) -> None:
    app = gallery(gallery_open=opened)
    job(digits, runs_root, doing="Measuring distances", step=3, steps=5)
    with task.process_of(runs_root).serve():
        app.run()
        assert not app.exception
        (bar,) = app.get("progress")
        assert (bar.proto.text, bar.proto.value) == ("Measuring distances, step 3 of 5", 40)
        assert not buttons(app)
        app.button(key="gallery_stop").click().run()
        assert task.is_stopping(runs_root)
        assert app.get("progress")[0].proto.text == "Stopping after this step, step 3 of 5"
        assert app.button(key="gallery_stop").disabled
    checkpoints.attach(digits, measured(4.0))
    (runs_root / task.JOB).unlink()
    app.run()
    assert not app.get("progress")
    (shown,) = [it["figure"] for it in on_cards(app) if it["name"] == "digits"]
    assert shown.startswith("Fréchet 4.0")
    if opened:
        assert buttons(app) == {"gallery_measure_digits": "Measure again"}
        assert any("Fréchet **4.0" in element.value for element in app.markdown)


def test_a_job_that_was_cut_off_is_one_sentence_beside_the_button(
    digits: Checkpoint, runs_root: Path
) -> None:
    job(digits, runs_root, step=2, steps=5)
    app = gallery(gallery_open="digits")
    assert [error.value for error in app.error] == [
        "The process for measuring it was cut off (killed? too little memory?): start it again"
    ]
    assert buttons(app) == {"gallery_measure_digits": "Measure"}


# Order, filters, pages


def like(checkpoint: Checkpoint, name: str, day: int = 1, **changes: object) -> Checkpoint:
    """The checkpoint under another name, created on another day.

    Figures, data or config may differ.
    """
    created = checkpoint.card.created.replace(year=2026, month=1, day=day)
    card = checkpoint.card.model_copy(
        update={"name": name, "title": name, "created": created, **changes}
    )
    return Checkpoint(checkpoint.folder.with_name(name), card)


def keep(checkpoint: Checkpoint, source: Path) -> None:
    """Write a checkpoint down with the weights of another."""
    shutil.copytree(source, checkpoint.folder)
    write_card(checkpoint.folder, checkpoint.card)


def names(groups: browse.Groups) -> list[tuple[str, list[str]]]:
    return [(heading, [checkpoint.name for checkpoint in found]) for heading, found in groups]


def on_cards(app: AppTest) -> list[dict[str, Any]]:
    """What the cards show, in order."""
    parts = [it.proto for it in app.get("bidi_component")]
    found = [json.loads(it.json) for it in parts if it.component_name == "gandash_cards"]
    return [card for data in found for card in data["cards"]]


def titles(app: AppTest) -> list[str]:
    """Titles of the cards that are shown, in order."""
    return [card["title"] for card in on_cards(app)]


def test_a_card_is_the_samples_the_title_and_the_distance_and_failures_look_like_ones(
    digits: Checkpoint,
) -> None:
    lost = measured(999.0).model_copy(update={"recall": 0.0})
    keep(like(digits, "lost", evaluation=lost), digits.folder)
    keep(like(digits, "fine", evaluation=measured(4.0)), digits.folder)
    cards = {card["name"]: card for card in on_cards(gallery())}
    assert cards["fine"]["figure"] == f"Fréchet {measured(4.0).shown('frechet')}", "with its noise"
    assert cards["digits"]["figure"] == "not measured"
    assert {name for name, card in cards.items() if card["failed"]} == {"lost"}
    assert cards["ring"]["crisp"] is False
    assert all(card["image"] for card in cards.values())


def test_a_link_opens_a_checkpoint_and_one_that_is_not_here_opens_none(digits: Checkpoint) -> None:
    (link, *_) = [
        it for it in gallery(gallery_open="digits").get("page_link") if "latent" in url(it)
    ]
    assert "latent_checkpoint=digits" in url(link)
    for nonsense in ("no-such-thing", "../etc", ""):
        app = gallery(gallery_open=nonsense)
        assert not buttons(app)
        assert not app.error


def url(link: Any) -> str:
    return f"{link.proto.page}?{link.proto.query_string}"


def test_frechet_ranks_within_a_protocol_the_largest_group_first_and_the_unmeasured_last(
    digits: Checkpoint,
) -> None:
    found = [
        like(digits, "a", evaluation=measured(1.0, 2000)),
        like(digits, "b"),
        like(digits, "c", evaluation=measured(9.0)),
        like(digits, "d", evaluation=measured(4.0)),
    ]
    (first, ranked), (second, alone), last = names(browse.by_frechet(found))
    assert "1,000 samples of each of the seeds 0 to 2 against 100 images" in first
    assert ranked == ["d", "c"]
    assert "2,000 samples" in second
    assert alone == ["a"]
    assert last == (browse.UNMEASURED, ["b"])
    assert names(browse.by_frechet(found[1:2])) == [(browse.UNMEASURED, ["b"])]


def test_newest_and_name_are_one_group(digits: Checkpoint) -> None:
    found = [like(digits, name, day) for name, day in (("b", 2), ("a", 3), ("c", 1))]
    assert names(browse.by_age(found)) == [("", ["a", "b", "c"])]
    assert names(browse.by_name(found[::-1])) == [("", ["a", "b", "c"])]


def test_what_is_yours_comes_first_and_the_newest_of_it_before_all(
    digits: Checkpoint, tmp_path: Path
) -> None:
    a, b = (like(digits, name, day) for name, day in (("a", 2), ("b", 3)))
    shipped = Checkpoint(tmp_path / "shipped", like(digits, "shipped", 4).card)
    assert names(browse.yours_first([shipped, a, b])) == [("", ["b", "a", "shipped"])]


def test_a_group_that_goes_on_keeps_its_heading_on_the_next_page(digits: Checkpoint) -> None:
    a, b, c, d = (like(digits, name) for name in "abcd")
    groups: browse.Groups = [("first", [a, b, c]), ("second", [d])]
    assert names(browse.cut(groups, 1, 2)) == [("first", ["a", "b"])]
    assert names(browse.cut(groups, 2, 2)) == [("first", ["c"]), ("second", ["d"])]
    assert browse.cut(groups, 3, 2) == []


def test_only_filters_with_a_choice_are_shown_and_they_narrow_cards_and_figures(
    digits: Checkpoint,
) -> None:
    config = digits.card.config
    hinge = config.model_copy(
        update={"loss": config.loss.model_copy(update={"objective": "hinge"})}
    )
    keep(like(digits, "other", config=hinge, evaluation=measured(2.0)), digits.folder)
    app = gallery(gallery_sort="Name")
    shown = {str(box.key): box.options for box in app.multiselect}
    (data,) = app.button_group
    assert data.key == "gallery_data"
    assert data.options[0] == "MNIST"
    assert len(data.options) == 2
    assert shown["gallery_size"] == ["32 pixels", "points"]
    assert shown["gallery_objective"] == ["Hinge", "Non-saturating"]
    assert titles(app) == ["digits", "other", "ring"]
    app.multiselect(key="gallery_size").set_value(["32 pixels"]).run()
    assert titles(app) == ["digits", "other"]
    app.multiselect(key="gallery_objective").set_value(["Non-saturating"]).run()
    assert titles(app) == ["digits"]
    assert "Figures" not in [heading.value for heading in app.header]
    app.multiselect(key="gallery_size").set_value(["points"])
    app.multiselect(key="gallery_objective").set_value(["Hinge"]).run()
    assert titles(app) == []
    assert app.info[0].value == "No checkpoint passes all filters: take one away."
    shutil.rmtree(digits.folder.with_name("ring"))
    shutil.rmtree(digits.folder.with_name("other"))
    app.run()
    assert not app.exception
    assert titles(app) == ["digits"]


def test_the_page_says_that_distances_of_different_protocols_are_not_compared(
    digits: Checkpoint,
) -> None:
    keep(like(digits, "rough", evaluation=measured(9.0)), digits.folder)
    keep(like(digits, "fine", evaluation=measured(3.0)), digits.folder)
    app = gallery(gallery_sort="Fréchet")
    assert titles(app) == ["fine", "rough", "digits", "ring"]
    assert browse.UNMEASURED in [element.value for element in app.markdown]
    assert any("different protocols cannot be compared" in it.value for it in app.caption)


def test_many_checkpoints_come_in_pages_and_a_link_leads_to_one(digits: Checkpoint) -> None:
    for number in range(browse.PER_PAGE):
        keep(like(digits, f"copy-{number:02d}"), digits.folder)
    app = gallery(gallery_page="2", gallery_sort="Shipped first")
    assert titles(app) == ["digits", "ring"]
    assert "36 to 37 of 37 checkpoints" in [caption.value for caption in app.caption]
    app.multiselect(key="gallery_size").set_value(["32 pixels"]).run()
    assert titles(app) == [f"copy-{number:02d}" for number in range(browse.PER_PAGE)]
    app = gallery(gallery_page="2", gallery_sort="Shipped first")
    for number in range(browse.PER_PAGE):
        shutil.rmtree(digits.folder.with_name(f"copy-{number:02d}"))
    app.run()
    assert not app.exception
    assert titles(app) == ["digits", "ring"]


@pytest.mark.parametrize(
    "query",
    [
        {
            "gallery_sort": "Fréchet",
            "gallery_page": "7",
        },  # nothing is measured, and there is one page
        {
            "gallery_sort": "<script>",
            "gallery_data": "%00",
            "gallery_page": "-1",
            "gallery_size": "1e9",
        },
    ],
)
def test_nonsense_in_the_link_is_ignored(digits: Checkpoint, query: dict[str, str]) -> None:
    app = gallery(**query)
    assert sorted(titles(app)) == ["digits", "ring"]
    assert not app.error


# Nearest training images


def rows_of(app: AppTest) -> list[str]:
    """What is said above each row of neighbors."""
    return [element.value for element in app.markdown if element.value.startswith("**In ")]


def test_nothing_is_read_before_a_sample_is_picked(
    digits: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise AssertionError("read too early")

    monkeypatch.setattr(neighbors, "training_images", read)
    app = gallery()
    assert not rows_of(app)
    assert app.selectbox(key="gallery_nearest").options == ["digits"], (
        "points have no nearest images"
    )
    assert any("Pick a sample" in info.value for info in app.info)


def test_a_picked_sample_is_compared_in_pixels_and_once_they_are_read_in_features(
    digits: Checkpoint, runs_root: Path
) -> None:
    app = gallery(gallery_sample="5")
    assert app.number_input(key="gallery_sample").value == 5
    pixels, offered = rows_of(app)
    assert re.fullmatch(
        r"\*\*In pixels\*\*: the nearest is at \*\*[\d.]+\*\*, \*\*[\d.]+\*\* times as far as is "
        r"typical of unseen images\.",
        pixels,
    )
    assert "has to read the 600 training images once" in offered
    assert html_of(app).count("Training image ") == 2 * 5  # alt and title
    list(nearest_images.build(runs_root, digits.folder))
    app.run()
    assert [row.split(":")[0] for row in rows_of(app)] == [
        "**In pixels**",
        "**In the classifier's features**",
    ]
    assert html_of(app).count("Training image ") == 4 * 5
    said = [caption.value for caption in app.caption]
    assert (
        sum(
            "the median distance of 400 held-out images to their nearest" in caption
            for caption in said
        )
        == 2
    )
    app.number_input(key="gallery_sample").set_value(6).run()
    assert 'alt="Sample 6"' in html_of(app)


def test_the_reading_is_started_refused_and_followed(
    digits: Checkpoint, runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_root: Path, _folder: Path) -> None:
        raise ValueError("One job runs beside the server at a time")

    monkeypatch.setattr(nearest_images, "start", start)
    app = gallery(gallery_sample="1")
    app.button(key="gallery_read").click().run()
    assert [warning.value for warning in app.warning] == [
        "One job runs beside the server at a time"
    ]
    job(
        digits,
        runs_root,
        module=nearest_images.MODULE,
        doing="Reading training images",
        step=2,
        steps=4,
    )
    with task.process_of(runs_root).serve():
        app.run()
        assert [bar.proto.text for bar in app.get("progress")] == [
            "Reading training images, step 2 of 4"
        ]
        assert not [button for button in app.button if button.key == "gallery_read"]
        app.query_params["gallery_open"] = "digits"
        app.run()
        assert buttons(app) == {"gallery_measure_digits": "Measure"}, "it is no measuring"


def test_data_that_is_not_there_is_one_sentence(
    digits: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    st.cache_resource.clear()
    (tmp_path / "a-file").touch()
    monkeypatch.setenv(
        "GANDASH_DATA", str(tmp_path / "a-file")
    )  # nothing can be downloaded into a file
    app = gallery(gallery_sample="1")
    (error,) = app.error
    assert error.value.startswith("MNIST is not in")


def test_own_images_are_compared_in_pixels_and_on_general_features(
    runs_root: Path, pretrained_root: Path, tiny_config: Callable[..., Config]
) -> None:
    list(execution.execute(runs.create(runs_root, tiny_config(), "own")))
    app = gallery(gallery_nearest="own", gallery_sample="36")
    (row,) = rows_of(app)
    assert "typical of training images" in row
    assert any(
        caption.value.startswith("Only in pixels: No classifier has learned images")
        for caption in app.caption
    )
    assert "class left" in html_of(app) or "class right" in html_of(app)
    shutil.copytree(PROJECT / "pretrained" / "classifiers", pretrained_root / "classifiers")
    app.run()
    assert "has to read the" in rows_of(app)[1]
    list(nearest_images.build(runs_root, runs_root / "own"))
    app.run()
    assert rows_of(app)[1].startswith("**In the classifier's features**: the nearest is at")
    assert any("which has not learned these images" in it.value for it in app.caption)


@pytest.mark.parametrize("sample", ["0", "37", "x", "1e9"])
def test_a_sample_that_is_not_there_is_none(digits: Checkpoint, sample: str) -> None:
    app = gallery(gallery_sample=sample, gallery_nearest="../etc", gallery_nearest_seed="-1")
    assert not rows_of(app)
    assert not app.error
