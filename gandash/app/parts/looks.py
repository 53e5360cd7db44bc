"""How runs look on Loss curves: a color each, or colors and dashes by what they were set to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gandash.app.parts import choose, config_form
from gandash.app.parts.differences import settings_of
from gandash.config import Config
from gandash.pictures import charts

RUN = "run"  # a color for each
NOTHING = "nothing"


@dataclass(frozen=True)
class By:
    """The settings, by dotted name, that colors and dashes stand for."""

    color: str = RUN
    dash: str = NOTHING


def chosen_for(configs: Iterable[Config]) -> By:
    """What colors and dashes shall stand for, of the settings that differ; ``?curves_color=`` and
    ``?curves_dash=`` in the URL.
    """
    differing = {name: str(config_form.FIELDS[name].title) for name in settings_of(configs)}
    if not differing:
        return By()
    color = choose.one("Color by", {RUN: "Run", **differing}, "curves_color")
    dash = choose.one(
        "Dash by",
        {NOTHING: "Nothing", **differing},
        "curves_dash",
        help=f"Of more than {len(charts.DASHES)} values the dashes come again.",
    )
    return By(color, dash)


def looks(drawn: Mapping[str, Config | None], by: By) -> dict[str, charts.Look]:
    """The look of each drawn run by its title: those that are alike in a setting have one color,
    or one set of dashes, numbered in the order in which its values first come. Where no settings
    are known, a run has a color of its own.
    """
    colors = _numbers({it: _value(drawn[it], by.color, it) for it in drawn})
    dashes = _numbers({it: _value(drawn[it], by.dash, NOTHING) for it in drawn})
    return {title: charts.Look(colors[title], dashes[title]) for title in drawn}


def _value(config: Config | None, setting: str, otherwise: str) -> str:
    if config is None or setting in (RUN, NOTHING):
        return otherwise
    return str(config_form.values_of(config, "")[setting])


def _numbers(values: Mapping[str, str]) -> dict[str, int]:
    order = list(dict.fromkeys(values.values()))
    return {title: order.index(value) for title, value in values.items()}
