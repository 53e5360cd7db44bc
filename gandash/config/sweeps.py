"""A sweep: one config in which some settings have several values, and the runs that it stands for.

Every combination of the values is an arm; each arm is trained once a seed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from gandash.config.presets import PRESETS
from gandash.config.run import Config, parse_config
from gandash.config.settings import leaves

MOST_RUNS = 100
LONGEST_NAME = 63  # of a run
SEED = "seed"
PRESET = "preset"
DOTTED = {name.rpartition(".")[2]: name for name, _ in leaves(Config)}
PLAIN = Config()


@dataclass(frozen=True)
class Member:
    """One run of a sweep: its name, the arm that it belongs to in words, and its config."""

    name: str
    arm: str
    config: Config


def read(path: Path) -> dict[str, Any]:
    """The settings of a sweep's file by dotted name, TOML or JSON.

    ``ValueError`` if it is neither, or sets what is not a setting.
    """
    if path.suffix not in (".toml", ".json"):
        raise ValueError(f"A sweep's file must be .toml or .json, not {path.name!r}: rename it")
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name!r} cannot be read ({error}): correct it") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name!r} must be a table of settings: begin it with their names")
    return dict(_flat(content))


def values_in(text: str) -> list[Any]:
    """The values that somebody wrote with commas between: numbers, true, false, null, or words."""
    return [_value(part.strip()) for part in text.split(",") if part.strip()]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def members(group: str, settings: Mapping[str, Any], base: Config = PLAIN) -> list[Member]:
    """The runs of a sweep, all seeds of an arm beside each other.

    ``settings``: values by dotted name (or by its last part, as flags have it), a list where
    there are several; ``preset`` names what they change instead of ``base``. ``ValueError`` says
    what is wrong with it.
    """
    given = dict(settings)
    if PRESET in given:
        base = _preset(given.pop(PRESET))
    values = {_known(name): value for name, value in given.items()}
    seeds = _several(SEED, values.pop(SEED, base.seed))
    axes = {name: value for name, value in values.items() if isinstance(value, list)}
    fixed = {name: value for name, value in values.items() if name not in axes}
    choices = list(product(*(_several(name, value) for name, value in axes.items())))
    _check_count(len(choices), len(seeds))
    arms = [dict(zip(axes, chosen, strict=True)) for chosen in choices]
    return [
        Member(
            _name(group, number, arm, seed),
            in_words(arm),
            with_values(base, {**fixed, **arm, SEED: seed}),
        )
        for number, arm in enumerate(arms, start=1)
        for seed in seeds
    ]


def _preset(preset: Any) -> Config:
    if preset not in PRESETS:
        raise ValueError(
            f"There is no preset {preset!r}: choose one of {', '.join(map(repr, PRESETS))}"
        )
    return PRESETS[preset].config


def _known(name: str) -> str:
    if name in DOTTED.values():
        return name
    if name not in DOTTED:
        raise ValueError(
            f"{name!r} is not a setting: write one of those of `gandash train --help`, with _ for -"
        )
    return DOTTED[name]


def _several(name: str, value: Any) -> Sequence[Any]:
    """The values of a setting, which must differ."""
    values = value if isinstance(value, list) else [value]
    if not values or any(one in values[:place] for place, one in enumerate(values)):
        raise ValueError(f"The values of {name} must be at least one and differ, not {values}")
    return values


def _check_count(arms: int, seeds: int) -> None:
    if arms * seeds > MOST_RUNS:
        raise ValueError(
            f"A sweep may have at most {MOST_RUNS} runs, and {arms} arms of {seeds} seeds are "
            f"{arms * seeds:,}: give fewer values"
        )


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """A config with some settings changed, by dotted name; ``ValueError`` as a config says."""
    content = config.model_dump()
    for name, value in values.items():
        *sections, last = name.split(".")
        place = content
        for section in sections:
            place = place[section]
        place[last] = value
    return parse_config(content)


def in_words(arm: Mapping[str, Any]) -> str:
    """What an arm is, as its settings' last names and values."""
    if not arm:
        return "as given"
    return ", ".join(f"{name.rpartition('.')[2]} {value}" for name, value in arm.items())


def _name(group: str, number: int, arm: Mapping[str, Any], seed: int) -> str:
    """``group-hinge-0-1-s3``; the arm's number where its values make too long a name."""
    values = "-".join(str(value) for value in arm.values())
    slug = re.sub(r"[^a-z0-9]+", "-", values.lower()).strip("-")
    end = f"-s{seed}"
    name = "-".join(filter(None, (group, slug))) + end
    return name if len(name) <= LONGEST_NAME else f"{group}-{number}{end}"
