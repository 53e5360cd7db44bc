"""A form over the config: one widget for each field, made from the field's own definition."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from gandash.config import Config, Section, parse_config
from gandash.objectives import OBJECTIVES

Path = tuple[str, ...]
TITLES = {
    "data": "Data", "network": "Networks", "loss": "Form of G's loss", "regularizer": "Regularizers",
    "collapse": "Against collapse", "labels": "Labels", "balance": "Balance of D and G", "optimizer": "Optimizers",
    "": "Run",
}  # fmt: skip
CHOICES: dict[str, Sequence[str]] = {"objective": list(OBJECTIVES)}
LABELS = {
    "alpha": "α, smoothing of real", "beta": "β, smoothing of generated", "g_lr": "Learning rate of G",
    "d_lr": "Learning rate of D", "g_width": "Width of G", "d_width": "Width of D", "ema": "Moving average of G",
    "latent_dim": "Latent size", "g_form": "Form of G's loss", "r1_gamma": "R1, γ",
    "r1_every": "R1 every so many steps",
    "g_norm": "Normalization in G", "d_norm": "Normalization in D", "d_spectral_norm": "Spectral norm on D",
    "d_steps": "Updates of D per step", "g_steps": "Updates of G per step", "pack": "Images per pack",
    "minibatch": "D compares the batch by", "unroll_steps": "Unrolled updates of D",
    "unroll_lr": "Learning rate of unrolled updates", "g_labels": "Labels reach G by", "labelled": "Labels shown to D",
    "rule": "Who is updated", "depth": "Hidden layers of an mlp", "attention": "Self-attention at (pixels)",
    "method": "Optimizer", "adam_beta1": "Adam β₁", "adam_beta2": "Adam β₂",
}  # fmt: skip


def leaves(section: type[Section] = Config, path: Path = ()) -> Iterator[tuple[Path, FieldInfo]]:
    """Every setting of the config with its path, sections opened."""
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from leaves(kind, (*path, name))
        else:
            yield (*path, name), field


def key_of(path: Path) -> str:
    """The widget's key, which is its name in the URL."""
    return f"train_{path[-1]}"


def values_of(config: Config) -> dict[str, Any]:
    """A config's settings by widget key."""
    values: dict[str, Any] = {}
    for path, _ in leaves():
        value: Any = config
        for part in path:
            value = getattr(value, part)
        values[key_of(path)] = value
    return values


def collect(values: dict[Path, Any]) -> Config:
    """The config that the widgets describe; ``ValueError`` in one sentence if it is not valid."""
    nested: dict[str, Any] = {}
    for path, value in values.items():
        target = nested
        for part in path[:-1]:
            target = target.setdefault(part, {})
        target[path[-1]] = value
    return parse_config(nested)


def field_widget(path: Path, field: FieldInfo, default: Any, choices: Sequence[str] | None = None) -> Any:
    """The widget that fits a field's type; its value is in the URL."""
    name = path[-1]
    common: dict[str, Any] = {"key": key_of(path), "bind": "query-params", "help": field.description}
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    choices = choices or CHOICES.get(name) or _literals(field.annotation)
    if choices:
        return st.selectbox(label, choices, choices.index(default), **common)
    if field.annotation is bool:
        return st.toggle(label, default, **common)
    if field.annotation is str:
        return st.text_input(label, default, **common)
    return _number(label, field, default, common)


def _literals(annotation: Any) -> Sequence[Any]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _number(label: str, field: FieldInfo, default: Any, common: dict[str, Any]) -> Any:
    """A number input with the field's own limits; an optional number may be left empty."""
    kinds = get_args(field.annotation) if _is_optional(field.annotation) else (field.annotation,)
    if float in kinds:
        step = 10.0 ** math.floor(math.log10(default)) if 0 < default < 0.05 else 0.05 if default < 0.9 else 0.001
        low, high = _limits(field, step / 10)
        return st.number_input(label, low, high, float(default), step, format="%g", **common)
    low, high = _limits(field, 1)
    return st.number_input(
        label, None if low is None else int(low), None if high is None else int(high), default, 1,
        placeholder="not set", **common,
    )  # fmt: skip


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
