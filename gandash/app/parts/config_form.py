"""A form over the config: one widget a setting, made from what the setting knows of itself."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo
from streamlit.delta_generator import DeltaGenerator

from gandash.app.parts import choose, links
from gandash.config import Config, parse_config
from gandash.config.settings import About, Values, about, leaves
from gandash.config.settings import values_of as values_by_name
from gandash.records import Section

FIELDS: Mapping[str, FieldInfo] = dict(leaves(Config))
ABOUT: Mapping[str, About] = {name: about(field) for name, field in FIELDS.items()}
LABELS = {name.rpartition(".")[2]: str(field.title) for name, field in FIELDS.items()}
TITLES: Mapping[str, str] = {
    **{name: str(field.title) for name, field in Config.model_fields.items() if name not in FIELDS},
    "": "Run",
}
PREFIX = "train."
AT_ONCE = ("data.framing", "data.background")
"""Settings whose choices are all seen at once, since a picture beside them follows."""


def key_of(name: str, prefix: str = PREFIX) -> str:
    """The key of a setting's widget, which is its name in the URL: "train.loss.alpha"."""
    return f"{prefix}{name}"


def values_of(config: Config, prefix: str = PREFIX) -> dict[str, Any]:
    """A config's settings by widget key."""
    return {key_of(name, prefix): value for name, value in values_by_name(config).items()}


class _ByName(Mapping[str, Any]):
    """Values of widgets by the names of their settings, looked up as they are asked for."""

    def __init__(self, values: Values, prefix: str) -> None:
        self._values = values
        self._prefix = prefix

    def __getitem__(self, name: str) -> Any:
        return self._values[key_of(name, self._prefix)]

    def __iter__(self) -> Iterator[str]:
        return (key.removeprefix(self._prefix) for key in self._values)

    def __len__(self) -> int:
        return len(self._values)


def idle(name: str, values: Values, prefix: str = PREFIX) -> str:
    """Why a setting has no effect beside the others (by widget key); empty if it has one.

    Its widget is disabled then and its value does not count.
    """
    reason = ABOUT[name].idle
    return reason.why if reason and reason.when(_ByName(values, prefix)) else ""


def collect(values: Values, prefix: str = PREFIX) -> Config:
    """The config that the widgets describe; ``ValueError`` in one sentence if it is not valid.

    Settings without effect are the config's own defaults, whatever their disabled widgets hold.
    """
    return parse_config(_nested(values, prefix))


def unchecked(values: Values) -> Config:
    """The config that the widgets describe, be it valid or not: to speak of, not to train."""
    sections: dict[str, Any] = {}
    for name, value in _nested(values, PREFIX).items():
        kind = Config.model_fields[name].annotation
        sections[name] = (
            kind.model_construct(**value)
            if isinstance(kind, type) and issubclass(kind, Section)
            else value
        )
    return Config.model_construct(**sections)


def _nested(values: Values, prefix: str) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    effective = dict(values)
    for name, field in FIELDS.items():
        if idle(name, effective, prefix):
            effective[key_of(name, prefix)] = field.default
        target = nested
        *sections, last = name.split(".")
        for section in sections:
            target = target.setdefault(section, {})
        target[last] = effective[key_of(name, prefix)]
    return nested


def in_words(sentence: str) -> str:
    """A sentence that names settings as the config does, with the labels of their widgets."""
    return re.sub(
        r"\w+",
        lambda word: f"“{LABELS[word[0]]}”" if "_" in word[0] and word[0] in LABELS else word[0],
        sentence,
    )


def field_widget(
    name: str,
    default: Any,
    values: Values,
    choices: Mapping[str, str] | None = None,
    *,
    prefix: str = PREFIX,
    hidden: DeltaGenerator | None = None,
    **options: Any,
) -> Any:
    """The widget that fits a setting's type; its value is in the URL.

    ``values`` of all widgets decide whether it is disabled; ``choices`` are titles by what may be
    chosen, where the setting does not know them; ``hidden`` is the form's ``choose.place_in_url``;
    ``options`` are any that widgets have.
    """
    field = FIELDS[name]
    why = idle(name, values, prefix)
    common: dict[str, Any] = {
        "key": key_of(name, prefix),
        "help": _help(field, why),
        "disabled": bool(why),
        **options,
    }
    label = str(field.title)
    titles = choices or titles_of(name)
    if titles:
        if name in AT_ONCE:
            bind = links.one_of(common["key"], titles)
            return st.segmented_control(
                label, list(titles), default=default, required=True, bind=bind, **common
            )
        return _choice(label, titles, default, hidden, common)
    if field.annotation is bool:
        return st.toggle(label, default, bind=links.flag(common["key"]), **common)
    if field.annotation is str:
        return st.text_input(label, default, bind=links.text(common["key"]), **common)
    return _number(label, field, default, common)


def titles_of(name: str) -> dict[Any, str]:
    """What people call the values of a setting with choices, by value; empty for any other."""
    offered = ABOUT[name].choices or _literals(FIELDS[name].annotation)
    return {value: ABOUT[name].called(value) for value in offered}


def _choice(
    label: str,
    titles: Mapping[Any, str],
    default: Any,
    hidden: DeltaGenerator | None,
    common: dict[str, Any],
) -> Any:
    """A select box of titles; where they are the values themselves, one widget does."""
    offered = list(titles)
    index = offered.index(default)
    if any(str(value) != title for value, title in titles.items()):
        return choose.one(label, titles, default=index, hidden=hidden, **common)
    bind = links.one_of(common["key"], offered)
    return st.selectbox(label, offered, index, bind=bind, **common)


def _help(field: FieldInfo, why: str) -> str:
    return (
        f"{field.description} Without effect: {in_words(why)}." if why else str(field.description)
    )


def _literals(annotation: Any) -> Sequence[Any]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _number(label: str, field: FieldInfo, default: Any, common: dict[str, Any]) -> Any:
    """A number input with the field's own limits; an optional number may be left empty."""
    kinds = get_args(field.annotation) if _is_optional(field.annotation) else (field.annotation,)
    if float in kinds:
        step = _step(default)
        low, high = _limits(field, step / 10)
        bind = links.real(common["key"], low, high)
        return st.number_input(
            label, low, high, float(default), step, format="%g", bind=bind, **common
        )
    low, high = _limits(field, 1)
    optional = default is None
    return st.number_input(
        label,
        None if low is None else int(low),
        None if high is None else int(high),
        default,
        1,
        placeholder="not set",
        bind=links.whole(common["key"], low, high, optional=optional),
        **common,
    )


def _step(default: float) -> float:
    """What one press on a number's buttons adds: a digit of what it usually is."""
    if 0 < default < 0.05:
        return 10.0 ** math.floor(math.log10(default))
    return 0.05 if default < 0.9 else 0.001


def _is_optional(annotation: Any) -> bool:
    return get_origin(annotation) in (types.UnionType, typing.Union)


def _limits(field: FieldInfo, margin: float) -> tuple[float | None, float | None]:
    """Least and greatest allowed value; open ends are moved inwards by ``margin``."""
    low = high = None
    for rule in field.metadata:
        if isinstance(rule, Ge):
            low = float(typing.cast(float, rule.ge))
        elif isinstance(rule, Gt):
            low = float(typing.cast(float, rule.gt)) + margin
        elif isinstance(rule, Le):
            high = float(typing.cast(float, rule.le))
        elif isinstance(rule, Lt):
            high = float(typing.cast(float, rule.lt)) - margin
    return low, high
