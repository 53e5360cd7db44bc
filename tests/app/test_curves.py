"""Loss curves: a pinned baseline, marks, and words for those who hear charts."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pandas as pd
from PIL import Image

from gandash.app.parts import curve_charts, looks, run_panel, timeline
from gandash.config import Config, LossConfig
from gandash.runs import events, read_snapshots
from gandash.storage.paths import PROJECT
from tests.app.test_pages import assert_fine
from tests.app.visiting import visit

SHIPPED = PROJECT / "pretrained"


def heard(app: object) -> str:
    """All that is said of charts to those who do not see them."""
    return " ".join(element.proto.body for element in app.get("html"))  # type: ignore[attr-defined]


def test_a_pinned_baseline_turns_curves_and_table_into_differences(arms: Path) -> None:
    app = visit(
        "curves",
        curves_runs=["plain", "one-sided"],
        curves_baseline="plain",
        curves_why="true",
        curves_clip="true",
        curves_x="Images",
    )
    assert_fine(app, "curves")
    assert not app.error
    assert "Chart of Loss, difference" in heard(app)
    assert "over Images shown" in heard(app)
    table = app.dataframe[0].value.set_index("Run")
    losses = table["D's loss"]
    assert "(" not in losses["plain"]
    both = [float(losses[name].split(" ")[0]) for name in ("one-sided", "plain")]
    assert float(losses["one-sided"].split("(")[1][:-1]) == round(both[0] - both[1], 3)


def test_a_baseline_that_is_not_chosen_is_told(arms: Path) -> None:
    app = visit("curves", curves_runs=["plain", "one-sided"], curves_baseline="two-sided")
    assert_fine(app, "curves")
    (toast,) = app.toast
    assert "curves_baseline=two-sided" in toast.value


def test_what_befell_a_run_is_said_with_its_charts(arms: Path) -> None:
    events.note(arms / "plain", 4, "resumed")
    app = visit("curves", curves_runs="plain")
    assert_fine(app, "curves")
    assert "plain resumed at step 4." in heard(app)


def test_stages_begin_where_the_next_size_is_faded_in() -> None:
    sizes = [4, 4, 4.5, 7.9, 8, 8, 8.1, 15, 16, 16]
    table = pd.DataFrame({"step": range(10, 110, 10), "size": sizes})
    assert curve_charts.steps_of_growth(table) == [30, 70]
    assert curve_charts.steps_of_growth(table.assign(size=16.0)) == []
    assert curve_charts.steps_of_growth(table.assign(size=float("nan"))) == []
    assert curve_charts.steps_of_growth(table[["step"]]) == []


def test_live_charts_are_said_with_their_last_values() -> None:
    metrics = pd.DataFrame({"step": range(0, 100, 5), "d_loss": [1.0] * 18 + [0.75, 0.5]})
    said = run_panel.in_words("Loss", metrics, {"d_loss": "D"})
    assert said == "Chart of Loss over steps. At step 95: D 0.5 (at step 85 1)."
    assert run_panel.in_words("Loss", metrics.head(0), {"d_loss": "D"}).endswith("nothing yet.")


def test_a_film_shows_each_step_of_all_runs() -> None:
    found = {name: read_snapshots(SHIPPED / name) for name in ("mnist-dcgan", "mnist-minimax")}
    steps = sorted({step for its in found.values() for step in its})
    film = Image.open(BytesIO(timeline.film_of(found, steps[:3], crisp=True)))
    assert film.n_frames == 3
    assert film.width > film.height


def test_colors_and_dashes_stand_for_settings() -> None:
    drawn = {
        f"α {alpha:g}, β {beta:g}": Config(loss=LossConfig(alpha=alpha, beta=beta))
        for alpha, beta in ((0.0, 0.0), (0.1, 0.0), (0.1, 0.1))
    }
    by_alpha = looks.looks(drawn, looks.By("loss.alpha", "loss.beta"))
    assert [(it.color, it.dashes) for it in by_alpha.values()] == [(0, 0), (1, 0), (1, 1)]
    each = looks.looks({**drawn, "foreign": None}, looks.By())
    assert [(it.color, it.dashes) for it in each.values()] == [(0, 0), (1, 0), (2, 0), (3, 0)]


def test_the_link_says_what_colors_stand_for(arms: Path) -> None:
    app = visit(
        "curves",
        curves_runs=["plain", "one-sided", "two-sided"],
        curves_color="loss.alpha",
        curves_dash="loss.beta",
    )
    assert_fine(app, "curves")
    assert not app.error
    assert app.toast.len == 0
    one_of_them = visit("curves", curves_runs="plain", curves_color="loss.alpha")
    assert_fine(one_of_them, "curves")
