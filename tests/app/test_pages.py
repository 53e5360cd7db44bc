"""Every page with every checkpoint, without checkpoints, and with nonsense in the URL.

AppTest runs the real scripts but no browser code: what happens in the browser is in tests/e2e.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gandash import checkpoints, runs
from gandash.app import cached
from gandash.app.parts import config_form, score_tables
from gandash.app.parts.stories import STORIES, Story
from gandash.app.parts.words import epochs_of
from gandash.checkpoints import Card, weights
from gandash.checkpoints.scores import HALVES, Gauges, Protocol
from gandash.config import Config, LossConfig, parse_config, presets
from gandash.evaluation import classifiers
from gandash.jobs import control, queue
from gandash.jobs.supervisor import Supervisor
from gandash.runs import execution
from gandash.runs.folder import CONFIG, PROTOCOL
from gandash.storage.paths import PROJECT
from gandash.zoo import ZOO
from tests.app.conftest import ARMS, ship, train_all
from tests.app.visiting import visit
from tests.conftest import measured

PAGES = {
    "gallery": "Gallery",
    "latent": "Latent space",
    "compare": "Compare",
    "translate": "Translate",
    "curves": "Loss curves",
    "smoothing": "Label smoothing",
    "train": "Train",
}
SHIPPED = sorted(path.parent.name for path in (PROJECT / "pretrained").glob("*/card.json"))
TRANSLATORS = [
    name for name in SHIPPED if (PROJECT / "pretrained" / name / weights.EXAMPLES).exists()
]


@pytest.mark.parametrize(
    ("step", "last_step", "epochs", "sentence"),
    [
        (7020, None, 15.0, "15 epochs"),
        (3276, None, 7.0, "7 of 15 epochs"),
        (3276, 7020, 7.0, "7 of 15 epochs (best step)"),
        (3276, 4680, 7.0, "7 of 15 epochs (best step so far)"),
        (7020, 7020, 15.0, "15 epochs"),
        (0, None, 0.0, "untrained"),
    ],
)
def test_a_card_says_which_epoch_its_weights_are_of(
    step: int, last_step: int | None, epochs: float, sentence: str
) -> None:
    card = checkpoints.load_card(PROJECT / "pretrained" / "mnist-dcgan")
    changes = {"step": step, "last_step": last_step, "epochs": epochs}
    config = card.config.model_copy(update={"epochs": 15, "batch_size": 128})
    assert epochs_of(card.model_copy(update={**changes, "config": config})) == sentence


def assert_fine(app: AppTest, page: str) -> None:
    assert not app.exception, [problem.message for problem in app.exception]
    assert app.title[0].value == PAGES[page]


@pytest.mark.parametrize("page", PAGES)
def test_page_without_any_checkpoint_says_what_to_do(
    page: str, pretrained_root: Path, runs_root: Path
) -> None:
    app = visit(page)
    assert_fine(app, page)
    said = " ".join(element.value for element in app.markdown)
    assert (
        "Choose a preset" if page == "train" else "Train one" if page != "curves" else "Start one"
    ) in said


@pytest.mark.parametrize("page", PAGES)
def test_page_with_three_arms(page: str, arms: Path) -> None:
    app = visit(page)
    assert_fine(app, page)
    assert not app.error
    assert not app.warning


@pytest.mark.parametrize("name", TRANSLATORS)
def test_translators_are_on_their_page_and_on_no_other_but_curves(
    name: str, runs_root: Path
) -> None:
    app = visit("translate", translate_checkpoint=name)
    assert_fine(app, "translate")
    assert app.selectbox(key="translate_checkpoint").value == name
    assert len(app.dataframe) >= 1
    app = visit("curves")
    app.multiselect(key="curves_runs").set_value([name]).run()
    assert_fine(app, "curves")
    assert name not in visit("compare").multiselect(key="compare_checkpoints").options


@pytest.mark.parametrize("page", ["compare", "curves", "smoothing"])
@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in TRANSLATORS])
def test_page_with_each_shipped_checkpoint(page: str, name: str, runs_root: Path) -> None:
    app = visit(page)
    key = {
        "compare": "compare_checkpoints",
        "curves": "curves_runs",
        "smoothing": "smoothing_arms",
    }
    app.multiselect(key=key[page]).set_value([name]).run()
    assert_fine(app, page)
    assert not app.error


@pytest.mark.parametrize(
    ("page", "query"),
    [
        (
            "compare",
            {
                "compare_seed": "abc",
                "compare_count": "1000000000",
                "compare_checkpoints": "no-such-thing",
            },
        ),
        ("compare", {"compare_seed": "-1"}),
        ("compare", {"compare_seed": str(2**40)}),
        (
            "latent",
            {"latent_checkpoint": "../../etc", "latent_steps": "1e9", "latent_frame": "-3"},
        ),
        ("latent", {"latent_frame": "99999999999999999999", "latent_path": "<script>"}),
        (
            "curves",
            {"curves_runs": "nothing", "curves_x": "centuries", "curves_smoothing": "7"},
        ),
        ("smoothing", {"smoothing_alpha": "nan", "smoothing_arms": "%00"}),
        (
            "train",
            {
                "train_preset": "none",
                "train.batch_size": "-5",
                "train.optimizer.g_lr": "inf",
                "train_run": "ghost",
            },
        ),
    ],
)
def test_nonsense_in_the_url_is_ignored(page: str, query: dict[str, str], arms: Path) -> None:
    app = visit(page, **query)
    assert_fine(app, page)
    assert not app.error


def test_a_damaged_card_is_named_and_the_rest_is_shown(arms: Path) -> None:
    (arms / "plain" / "card.json").write_text("{")
    app = visit("gallery")
    assert_fine(app, "gallery")
    assert len(app.warning) == 1
    assert "plain" in app.warning[0].value
    compared = visit("compare").multiselect(key="compare_checkpoints")
    assert compared.value == ["one-sided", "two-sided"]


@pytest.mark.parametrize(
    ("page", "query"), [("gallery", {"gallery_open": "plain"}), ("smoothing", {})]
)
def test_damaged_weights_are_one_sentence(page: str, query: dict[str, str], arms: Path) -> None:
    (arms / "plain" / weights.GENERATOR).write_bytes(b"no weights")
    (arms / "one-sided" / weights.GENERATOR).unlink()
    app = visit(page, **query)
    assert_fine(app, page)
    assert any("plain" in error.value for error in app.error)


def test_the_same_seed_is_the_same_picture_and_another_is_not(kinds: Path) -> None:
    def pictures(seed: int) -> list[str]:
        app = visit("compare", compare_seed=str(seed), compare_checkpoints="plane")
        return [element.proto.body for element in app.get("html") if "<img" in element.proto.body]

    assert len(pictures(7)) == 1
    assert pictures(7) == pictures(7)
    assert [body.split("alt=")[0] for body in pictures(7)] != [
        body.split("alt=")[0] for body in pictures(8)
    ]


def test_smoothing_table_shows_floor_and_equilibrium(arms: Path) -> None:
    table = visit("smoothing").dataframe[0].value.set_index("Arm")
    assert table["Floor of D's loss"].round(3).to_dict() == {
        "plain": 0.0,
        "one-sided": 0.325,
        "two-sided": 0.65,
    }
    assert table["D* at equilibrium"].to_dict() == pytest.approx(
        {"plain": 0.5, "one-sided": 0.45, "two-sided": 0.5}
    )


def test_the_form_covers_every_setting_of_the_config() -> None:
    config = Config()
    values = config_form.values_of(config)
    assert len(values) == len(config_form.FIELDS)
    assert config_form.collect(values) == config


@pytest.mark.parametrize("title", presets.PRESETS)
def test_each_preset_is_a_valid_config_and_fills_the_form(title: str, runs_root: Path) -> None:
    config = presets.PRESETS[title].config
    assert parse_config(config.model_dump()) == config
    app = visit("train")
    app.selectbox(key="train_preset").set_value(title).run()
    assert_fine(app, "train")
    assert app.number_input(key="train.optimizer.g_lr").value == config.optimizer.g_lr
    assert app.selectbox(key="train.data.dataset").value == config.data.dataset
    assert app.number_input(key="train.loss.alpha").value == config.loss.alpha


def test_start_queues_the_run_that_the_form_describes(
    runs_root: Path, pretrained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Supervisor, "launch", lambda *_: None)
    app = visit("train")
    app.number_input(key="train.loss.alpha").set_value(0.2)
    app.text_input(key="train_name").set_value("My First!")
    next(button for button in app.button if button.label == "Start training").click().run()
    assert_fine(app, "train")
    (run,) = runs.find(runs_root)
    assert run.name == "my-first"
    assert run.status().phase == "queued"
    expected = presets.PRESETS["Quick digits"].config.model_copy(
        update={"loss": LossConfig(alpha=0.2)}
    )
    assert run.config() == expected


def test_a_refused_run_is_one_sentence_and_starts_nothing(
    runs_root: Path, pretrained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(root: Path, config: Config, name: str) -> None:
        raise ValueError("At most 100 runs may wait, and 100 do: wait or stop one.")

    monkeypatch.setattr(control, "submit", refuse)
    app = visit("train")
    next(button for button in app.button if button.label == "Start training").click().run()
    assert_fine(app, "train")
    assert [warning.value for warning in app.warning] == [
        "At most 100 runs may wait, and 100 do: wait or stop one."
    ]
    assert not runs.find(runs_root)


def test_a_damaged_run_is_one_sentence(runs_root: Path, tiny_config: Callable[..., Config]) -> None:
    run = runs.create(runs_root, tiny_config(), "damaged")
    (run.folder / CONFIG).write_text("{")
    app = visit("train")
    assert_fine(app, "train")
    assert any("damaged" in error.value for error in app.error)


def test_a_run_is_shown_in_every_phase(
    arms: Path, runs_root: Path, tiny_config: Callable[..., Config]
) -> None:
    run = runs.create(runs_root, tiny_config(), "watched")
    for phase in ("stopped", "failed", "queued", "running"):
        run.update(phase=phase, total=6, message="why")
        with run.hold():
            app = visit("train")
        assert_fine(app, "train")
        assert any(phase in element.value for element in app.markdown)
        labels = {button.label for button in app.button}
        assert ("Stop" in labels) == (phase in ("queued", "running"))
        assert ("Resume" in labels) == (phase in ("stopped", "failed"))


KINDS: dict[str, dict[str, Any]] = {
    "by-class": {"labels": {"conditioning": "concat"}},
    "few-labels": {"labels": {"conditioning": "semi-supervised", "labelled": 8}},
    "one-a-step": {"balance": {"rule": "worse"}},
    "plane": {
        "data": {"dataset": "ring"},
        "network": {"architecture": "mlp", "latent_dim": 8},
        "batch_size": 64,
    },
    "line": {
        "data": {"dataset": "mixture-1d"},
        "network": {"architecture": "mlp", "latent_dim": 8},
        "batch_size": 64,
    },
    "squares": {"loss": {"objective": "least-squares"}},
}


@pytest.fixture(scope="session")
def kinds_folder(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]
) -> Path:
    """A finished tiny run of each kind that asks something of the pages."""
    root = tmp_path_factory.mktemp("kinds")
    return train_all(root, tiny_config, KINDS)


@pytest.fixture
def kinds(kinds_folder: Path, pretrained_root: Path, runs_root: Path) -> Path:
    """One run of each kind as shipped checkpoints, and an empty folder of runs."""
    return ship(kinds_folder, pretrained_root, runs_root)


def html_of(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


@pytest.mark.parametrize("page", PAGES)
def test_page_with_checkpoints_of_every_kind(page: str, kinds: Path) -> None:
    app = visit(page)
    assert_fine(app, page)
    assert not app.error


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("gallery", {"gallery_open": "plane"}),
        ("compare", {"compare_checkpoints": "plane"}),
        ("smoothing", {}),
    ],
)
def test_samples_that_the_server_draws_can_be_saved(
    page: str, query: dict[str, str], kinds: Path, arms_folder: Path
) -> None:
    shutil.copytree(arms_folder, kinds, dirs_exist_ok=True)
    app = visit(page, **query)
    assert_fine(app, page)
    labels = [button.proto.label for button in app.get("download_button")]
    assert "Save picture" in labels


def test_points_are_compared_under_their_own_captions(kinds: Path) -> None:
    app = visit("compare")
    app.multiselect(key="compare_checkpoints").set_value(["by-class", "plane", "line"]).run()
    assert_fine(app, "compare")
    assert "plane · seed 0, 2,048 points" in html_of(app)
    assert "line · seed 0, " in html_of(app)
    assert "by-class · " not in html_of(app)  # images are the browser's
    assert "50,000 points in 1-D" in html_of(visit("gallery", gallery_open="line"))
    said = html_of(visit("gallery", gallery_open="one-a-step"))
    assert "Non-saturating · worse player learns" in said


def test_curves_show_who_was_updated_and_how_d_classifies_only_where_that_was_measured(
    kinds: Path,
) -> None:
    def titles(*names: str) -> set[str]:
        app = visit("curves")
        app.multiselect(key="curves_runs").set_value(list(names)).run()
        assert_fine(app, "curves")
        return {element.value for element in app.header} & {
            "Who was updated",
            "D as a classifier",
        }

    table = runs.read_metrics(kinds / "plane").drop(
        columns=["d_updates", "g_updates", "d_accuracy"]
    )
    table.to_csv(
        kinds / "plane" / runs.METRICS, index=False
    )  # as it was before these were measured
    assert titles("plane") == set()
    assert titles("plane", "one-a-step") == {"Who was updated"}
    assert titles("few-labels", "plane") == {"D as a classifier"}


def test_curves_draw_probabilities_and_bare_scores_apart(kinds: Path) -> None:
    def drawn(*names: str) -> dict[str, list[list[str]]]:
        """Of each chart of D's outputs the names of its lines."""
        app = visit("curves")
        app.multiselect(key="curves_runs").set_value(list(names)).run()
        assert_fine(app, "curves")
        charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
        lines = {chart["layout"]["yaxis"]["title"]["text"]: chart["data"] for chart in charts}
        return {
            title: sorted({it["name"] for it in lines[title]})
            for title in ("Probability", "Score")
            if title in lines
        }

    assert drawn("plane") == {"Probability": ["plane: D(G(z))", "plane: D(x)"]}
    assert drawn("squares") == {"Score": ["squares: generated", "squares: real"]}
    assert drawn("squares", "plane") == drawn("squares") | drawn("plane")


def test_curves_show_the_quality_of_samples_with_its_protocol_where_it_was_measured(
    arms: Path,
) -> None:
    assert "Fréchet distance of samples" not in [
        element.value for element in visit("curves").header
    ]
    table = runs.read_metrics(arms / "plain").assign(
        frechet=[9.0, None, 7.0], precision=0.5, recall=0.6
    )
    table.to_csv(arms / "plain" / runs.METRICS, index=False)
    protocol = Protocol(features="gandash classifier for mnist", real=10_000, fake=2000, seed=2017)
    (arms / "plain" / PROTOCOL).write_text(protocol.model_dump_json())
    app = visit("curves")
    app.multiselect(key="curves_runs").set_value(["one-sided", "plain"]).run()
    assert_fine(app, "curves")
    assert "Fréchet distance of samples" in [element.value for element in app.header]
    assert f"plain: {protocol}." in [element.value for element in app.caption]
    assert not [
        element.value for element in app.caption if element.value.startswith("one-sided: 2,")
    ]
    (arms / "plain" / PROTOCOL).write_text("{")
    app = visit("curves", curves_runs="plain")
    assert_fine(app, "curves")
    assert app.error[0].value.startswith("The protocol of 'plain' cannot be read (")


def test_only_arms_that_differ_in_smoothing_alone_are_compared_unasked(
    kinds: Path, arms_folder: Path
) -> None:
    shutil.copytree(arms_folder, kinds, dirs_exist_ok=True)
    assert visit("smoothing").multiselect(key="smoothing_arms").value == sorted(ARMS)


def test_what_has_no_effect_is_disabled_and_does_not_count(runs_root: Path) -> None:
    app = visit("train", **{"train.network.attention": "16", "train.network.architecture": "mlp"})
    assert_fine(app, "train")
    assert app.selectbox(key="train.network.attention_by_title").disabled
    assert not app.error
    assert not app.number_input(key="train.network.depth").disabled
    app.selectbox(key="train.network.architecture").set_value("dcgan").run()
    assert not app.selectbox(key="train.network.attention_by_title").disabled
    assert app.number_input(key="train.network.depth").disabled


def test_samples_are_measured_while_training_only_where_that_is_possible(
    runs_root: Path, pretrained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(PROJECT / "pretrained" / "classifiers", pretrained_root / "classifiers")
    (pretrained_root / "classifiers" / "cifar10.safetensors").unlink()
    app = visit("train", **{"train.evaluate_every": "100"})
    assert not app.error
    app.selectbox(key="train.data.dataset").set_value("cifar10").run()
    (error,) = app.error
    assert error.value.startswith(
        "This cannot be trained: No classifier has learned 'cifar10', and that for cifar10"
    )
    assert error.value.endswith("or set “Steps between measurements of samples” to 0")
    assert app.button(key="train_start").disabled
    app.selectbox(key="train.data.dataset").set_value("ring").run()
    assert app.number_input(key="train.evaluate_every").disabled
    assert not app.error
    app.selectbox(key="train.data.dataset").set_value("mnist").run()
    app.selectbox(key="train.data.size").set_value(64).run()
    assert "No classifier has learned 'mnist'" in app.error[0].value, "at 64 pixels"
    app.selectbox(key="train.data.size").set_value(32).run()
    app.number_input(key="train.evaluate_every").set_value(33).run()
    assert (
        "must be a multiple of “Steps per row of metrics”, and 33 is none of" in app.error[0].value
    )


def test_points_take_the_fully_connected_pair_along(runs_root: Path) -> None:
    app = visit("train")
    app.selectbox(key="train.data.dataset").set_value("ring").run()
    assert app.selectbox(key="train.network.architecture").value == "mlp"
    assert app.selectbox(key="train.data.size").disabled
    assert app.selectbox(key="train.labels.conditioning_by_title").disabled
    assert not app.error


def test_choices_are_called_by_their_titles_while_the_url_has_their_names(runs_root: Path) -> None:
    app = visit("train", **{"train.loss.objective": "f-pearson"})
    box = app.selectbox(key="train.loss.objective_by_title")
    assert "Non-saturating" in box.options
    assert box.value == "f-pearson"
    box.set_value("hinge").run()
    bound = app.selectbox(key="train.loss.objective")
    assert bound.value == "hinge"
    assert bound.proto.query_param_key == "train.loss.objective"
    assert "hinge" in bound.options
    dataset = app.selectbox(key="train.data.dataset_by_title")
    assert "Ring of 8 Gaussians" in dataset.options
    dataset.set_value("ring").run()  # as if it was the bound one
    assert app.selectbox(key="train.network.architecture").value == "mlp"


def test_a_senseless_combination_is_refused_before_the_start(runs_root: Path) -> None:
    app = visit("train", **{"train.collapse.pack": "4", "train.labels.conditioning": "concat"})
    (error,) = app.error
    assert error.value.startswith("This cannot be trained: pack joins images of any class")
    assert app.button(key="train_start").disabled
    app.number_input(key="train.collapse.pack").set_value(1).run()
    assert not app.error
    assert not app.button(key="train_start").disabled


def test_a_critic_is_helped_to_its_papers_settings(runs_root: Path) -> None:
    app = visit("train")
    app.selectbox(key="train.loss.objective").set_value("wasserstein").run()
    assert "“Gradient penalty, λ”" in app.error[0].value
    app.button(key="train_lipschitz_0").click().run()
    assert not app.error
    app.button(key="train_usual").click().run()
    assert app.number_input(key="train.balance.d_steps").value == 5
    assert app.number_input(key="train.optimizer.adam_beta2").value == 0.9
    assert not [button for button in app.button if button.key == "train_usual"]


def test_a_preset_says_in_the_folded_titles_what_it_changes(runs_root: Path) -> None:
    app = visit("train", train_preset="PacGAN on a grid")
    titles = [element.label for element in app.expander]
    assert "Networks · MLP" in titles
    assert "Against collapse · PacGAN 4" in titles
    assert "Labels" in titles


def test_figures_are_shown_with_their_protocol_and_ranked_within_it(arms: Path) -> None:
    found = {checkpoint.name: checkpoint for checkpoint in checkpoints.find(arms)[0]}
    for name, frechet, fake in (
        ("plain", 9.0, 1000),
        ("one-sided", 4.0, 1000),
        ("two-sided", 1.0, 2000),
    ):
        checkpoints.attach(found[name], measured(frechet, fake))
    app = visit("gallery", gallery_open="one-sided")
    assert_fine(app, "gallery")
    assert "Figures" in [heading.value for heading in app.header]
    said = " ".join(element.value for element in app.markdown)
    assert "Fréchet **4.0 ± 0.3** · precision **0.500 ± 0.004** · recall **0.250 ± 0.003**" in said
    captions = " ".join(element.value for element in app.caption)
    assert "± is the standard deviation over 3 sets of samples of the same weights" in captions
    tables = [frame.value for frame in app.dataframe if len(frame.value) > 1]
    assert [list(table["Checkpoint"]) for table in tables] == [["one-sided", "plain"]]
    with pytest.raises(ValueError, match="within one protocol, and these are of 2"):
        score_tables.table([checkpoint.card for checkpoint in checkpoints.find(arms)[0]])


def test_checkpoints_are_offered_in_the_order_of_the_zoo(runs_root: Path) -> None:
    found, _ = cached.find_checkpoints()
    assert [checkpoint.name for checkpoint in found] == [name for name in ZOO if name in SHIPPED]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
def test_every_story_leads_to_a_view_that_holds(story: Story) -> None:
    assert set(story.needs) <= set(ZOO)
    if set(story.needs) <= set(SHIPPED):
        app = visit(Path(story.script).stem, **story.view)
        assert_fine(app, Path(story.script).stem)
        for key, value in story.view.items():
            widgets = app.session_state
            taken = widgets[key] if key in widgets else app.query_params[key]
            shown = str(taken[0] if isinstance(taken, list) else taken)
            assert shown.lower() == str(value).lower(), "nothing of the link was refused"


def test_stories_are_told_where_their_checkpoints_are(runs_root: Path) -> None:
    told = [story.title for story in STORIES if set(story.needs) <= set(SHIPPED)]
    assert stories_told(visit("gallery")) == [f"**{title}**" for title in told]


def stories_told(app: AppTest) -> list[str]:
    """Labels of the links that are stories: those in bold."""
    labels = [link.proto.label for link in app.get("page_link")]
    return [label for label in labels if label.startswith("**")]


@pytest.mark.usefixtures("arms")
def test_stories_of_missing_checkpoints_are_not_told() -> None:
    assert not stories_told(visit("gallery"))


def test_training_images_stand_below_samples_measured_like_them() -> None:
    card = checkpoints.load_card(PROJECT / "pretrained" / "mnist-dcgan").model_copy(
        update={"evaluation": measured(4.0)}
    )
    for reference, rows in ((measured(1.0), 2), (measured(1.0, fake=7), 1), (None, 1)):
        assert len(score_tables.table([card], reference)) == rows
    row = score_tables.table([card], measured(1.0)).iloc[-1]
    assert (row.Checkpoint, row.Fréchet) == (score_tables.TRAINING_IMAGES, "1.0 ± 0.3")
    assert not row[["Memorization", "Memorization (pixels)"]].str.strip().any()


def test_a_column_of_figures_sorts_as_numbers_do() -> None:
    card = checkpoints.load_card(PROJECT / "pretrained" / "mnist-dcgan")
    values = [1.0, 9.5, 10.2, 958.0]
    cards = [card.model_copy(update={"evaluation": measured(value)}) for value in values]
    assert sorted(score_tables.table(cards[::-1]).Fréchet) == [
        f"{value:5.1f} ± 0.3" for value in values
    ]


def test_tables_mark_best_and_last_steps() -> None:
    card = checkpoints.load_card(PROJECT / "pretrained" / "mnist-dcgan")
    cards = [
        card.model_copy(update={"evaluation": measured(4.0), "last_step": last, "chosen_on": split})
        for last, split in ((None, "test"), (99_999, "test"), (99_999, "train"))
    ]
    assert list(score_tables.table(cards).Step) == ["last", "best, test split", "best, train split"]


def test_cards_of_an_earlier_version_open_and_say_what_they_do_not_know() -> None:
    """One sample seed, and the spread of subsets in place of the kernel distance's error."""
    card = checkpoints.load_card(PROJECT / "pretrained" / "mnist-dcgan")
    new = {"spread", "kernel_error"}
    earlier = measured(7.29).model_dump(mode="json", exclude=new) | {"kernel_std": 1.71}
    for field in ("seeds", "rules"):
        earlier["protocol"].pop(field)
    content = card.model_dump(mode="json", exclude={"chosen_on"}) | {"evaluation": earlier}
    opened = Card.model_validate_json(json.dumps(content))
    assert opened.evaluation is not None
    assert opened.evaluation.protocol.seeds == opened.evaluation.protocol.rules == 1
    assert "was not measured" in score_tables.about(opened.evaluation)
    row = score_tables.table([opened]).iloc[0]
    assert (row.Fréchet, row.Kernel, row.Precision) == ("7.3", "0.10", "0.500")


def test_shipped_classifiers_carry_figures_of_real_images_and_of_noise() -> None:
    for dataset, least in (
        ("mnist", 0.99),
        ("fashion-mnist", 0.92),
        ("cifar10", 0.85),
        ("tinyhero", 0.95),
    ):
        gauges = cached.gauges(dataset)
        assert (
            classifiers.load(PROJECT / "pretrained" / "classifiers", dataset)[1].accuracy >= least
        )
        assert gauges.real is not None
        assert gauges.real.precision > 0.8
        assert gauges.real.recall > 0.8
    assert cached.gauges("stacked-mnist") == cached.gauges("../classifiers/mnist") == Gauges()


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_real_halves_and_noise_stand_below_a_table(dataset: str) -> None:
    """Noise is precise and dense on a classifier's features, and covers nothing."""
    gauges = cached.gauges(dataset)
    assert gauges.real is not None
    assert gauges.noise is not None
    assert gauges.real.protocol.split == HALVES
    assert gauges.real.memorization == pytest.approx(1, abs=0.05)
    assert abs(gauges.real.kernel) < 2 * (gauges.real.kernel_error or 0)
    assert min(gauges.noise.precision, gauges.noise.density) > 0.7
    assert max(gauges.noise.recall, gauges.noise.coverage) < 0.01


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_shipped_cards_have_their_spread_over_sample_seeds(dataset: str) -> None:
    for name in SHIPPED:
        card = checkpoints.load_card(PROJECT / "pretrained" / name)
        if card.data.name == dataset:
            assert card.evaluation is not None
            assert card.evaluation.protocol.seeds == 3
            assert card.evaluation.spread["frechet"] > 0
            assert (card.evaluation.kernel_error or 0) > 0


def test_without_figures_there_is_no_table_of_them(arms: Path) -> None:
    app = visit("gallery")
    assert "Figures" not in [heading.value for heading in app.header]


def test_a_finished_run_can_be_trained_longer(
    runs_root: Path, tiny_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Supervisor, "launch", lambda *_: None)
    run = runs.create(runs_root, tiny_config(), "mine")
    list(execution.execute(run))
    app = visit("train", train_run="mine")
    more = app.number_input(key="train_more")
    assert (more.label, more.value) == ("More steps", 1000)
    more.set_value(4).run()
    app.button(key="train_go_on").click().run()
    assert_fine(app, "train")
    assert (run.config().steps, run.status().phase) == (10, "queued")
    assert "train_go_on" not in [button.key for button in app.button]


# What lies around, and two visitors


@pytest.fixture
def two_runs(
    runs_root: Path, tiny_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> list[runs.Run]:
    """An older run that is stopped and a newer one; no worker is launched for them."""
    monkeypatch.setattr(Supervisor, "launch", lambda *_: None)
    made = [runs.create(runs_root, tiny_config(), name) for name in ("older", "newer")]
    for run in made:
        run.update(phase="stopped", step=2, total=6)
    return made


@pytest.mark.parametrize(
    "changes",
    [
        {"created": "2026-01-02T03:04:05"},
        {"images_per_second": 1e999},
        {"step": -5},
        {"message": 3},
    ],
)
def test_a_status_that_cannot_be_read_is_one_sentence_and_can_be_renewed(
    two_runs: list[runs.Run], changes: dict[str, object]
) -> None:
    newer = two_runs[1]
    path = newer.folder / runs.STATUS
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    app = visit("train")
    assert_fine(app, "train")
    (error,) = app.error
    assert error.value.startswith("The status of run 'newer' cannot be read (")
    assert str(newer.folder.parent) not in error.value
    assert app.selectbox(key="train_run").options == ["older"]
    assert app.button(key="train_resume")
    app.button(key="train_renew_newer").click().run()
    assert_fine(app, "train")
    assert not app.error
    assert newer.status().phase == "stopped"


def test_a_speed_that_cannot_be_is_no_time_left(two_runs: list[runs.Run]) -> None:
    two_runs[1].update(images_per_second=1e-320, seconds=1e308)
    app = visit("train", train_run="newer")
    assert_fine(app, "train")
    shown = {metric.label: metric.value for metric in app.metric}
    assert (shown["Time left"], shown["Trained for"]) == ("–", "–")


def test_a_damaged_config_is_one_sentence_and_the_run_can_be_removed(
    two_runs: list[runs.Run],
) -> None:
    (two_runs[1].folder / CONFIG).write_text("{")
    app = visit("train", train_run="newer")
    assert_fine(app, "train")
    assert [error.value.partition(" (")[0] for error in app.error] == [
        "The config of run 'newer' cannot be read"
    ]
    app.button(key="train_remove_newer").click().run()
    assert_fine(app, "train")
    assert not two_runs[1].folder.exists()


def test_a_removed_run_leaves_the_page_without_an_error(two_runs: list[runs.Run]) -> None:
    app = visit("train", train_run="newer")
    app.button(key="train_remove_newer").click().run()
    assert_fine(app, "train")
    assert not app.error
    assert not app.warning
    assert app.selectbox(key="train_run").options == ["older"]


@pytest.mark.parametrize(
    ("other", "button", "sentence"),
    [
        (control.resume, "train_resume", "'newer' is queued: submit a new run instead"),
        (control.resume, "train_remove_newer", ""),
        (control.remove, "train_remove_newer", "No run is called 'newer' any more"),
        (control.remove, "train_resume", "No run is called 'newer' any more"),
    ],
)
def test_presses_of_two_visitors_that_cross_are_a_sentence(
    two_runs: list[runs.Run],
    other: Callable[[runs.Run], None],
    button: str,
    sentence: str,
) -> None:
    """The other one pressed since this page was shown."""
    app = visit("train", train_run="newer")
    other(two_runs[1])
    app.button(key=button).click().run()
    assert_fine(app, "train")
    assert not app.error
    said = [warning.value for warning in app.warning]
    assert len(said) == bool(sentence)
    assert all(sentence in words for words in said)


def test_a_full_queue_is_a_sentence_beside_the_button(
    two_runs: list[runs.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MAX_QUEUED", 3)
    for number in range(queue.MAX_QUEUED):
        root = two_runs[0].folder.parent
        control.submit(root, two_runs[0].config(), f"waiting-{number}")
    app = visit("train", train_run="newer")
    app.button(key="train_resume").click().run()
    assert_fine(app, "train")
    assert [warning.value for warning in app.warning] == [
        "At most 3 runs may wait, and 3 do: wait until one has started, or take one out of the "
        "queue"
    ]


def test_a_worker_that_was_killed_is_noticed_by_the_page(two_runs: list[runs.Run]) -> None:
    run = two_runs[1]
    with queue.worker_of(run.folder.parent).serve():
        control.resume(run)
        assert queue.take(run.folder.parent) == run
        app = visit("train", train_run="newer")
        assert any("running" in element.value for element in app.markdown)
    app.run()
    assert_fine(app, "train")
    assert run.status().phase == "queued"
    assert any("place 1 in the queue" in element.value for element in app.markdown)


def test_runs_that_differ_in_their_seed_alone_are_drawn_as_one(runs_root: Path) -> None:
    names = [f"mnist-half-dcgan-seed-{seed}" for seed in range(3)]
    app = visit("curves", curves_runs=[*names, "mnist-dcgan"])
    assert_fine(app, "curves")
    assert app.toggle(key="curves_pool").value
    app.toggle(key="curves_pool").set_value(False).run()
    assert_fine(app, "curves")
    app = visit("curves", curves_runs="mnist-dcgan")
    assert not [toggle for toggle in app.toggle if toggle.key == "curves_pool"]
    assert not app.dataframe


def test_only_what_differs_is_in_the_table(runs_root: Path) -> None:
    app = visit("curves", curves_runs=["mnist-dcgan", "mnist-dcgan-one-sided"])
    (table,) = app.dataframe
    settings = [name for name in table.value.columns if name.startswith(("α", "β", "Seed"))]
    assert settings == ["α, smoothing of real"]
    assert set(table.value["α, smoothing of real"]) == {"0.0", "0.1"}
    assert all(" at step " in said for said in table.value["Best distance"])


@pytest.mark.parametrize("data", ["MNIST", "Fashion-MNIST"])
def test_objectives_are_compared_under_one_budget(data: str, arms: Path) -> None:
    app = visit("compare", compare_what="Objectives", compare_data=data)
    assert_fine(app, "compare")
    assert app.toast.len == 0
    table = app.dataframe[0].value
    distances = [float(text.split(" ")[0]) for text in table["Fréchet"]]
    assert distances == sorted(distances)
    assert len(table) >= 6
    (said,) = [it.value for it in app.markdown if it.value.startswith("Least on average")]
    assert table["Objective"][0] in said
