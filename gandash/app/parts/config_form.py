"""A form over the config: one widget for each field, made from the field's own definition."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from gandash.config import Config, parse_config
from gandash.kinds import of_dataset
from gandash.losses.objectives import OBJECTIVES
from gandash.records import Section

Path = tuple[str, ...]
Values = Mapping[str, Any]  # by widget key
TITLES = {
    "data": "Data",
    "network": "Networks",
    "loss": "Form of G's loss",
    "regularizer": "Regularizers",
    "collapse": "Against collapse",
    "labels": "Labels",
    "balance": "Balance of D and G",
    "optimizer": "Optimizers",
    "": "Run",
}
CHOICES: dict[str, Sequence[str]] = {"objective": list(OBJECTIVES)}
LABELS = {
    "size": "Image size (pixels)",
    "limit": "Only the first so many",
    "latent_dim": "Latent size",
    "g_width": "Width of G",
    "d_width": "Width of D",
    "depth": "Hidden layers (mlp)",
    "g_norm": "Normalization in G",
    "d_norm": "Normalization in D",
    "d_spectral_norm": "Spectral norm on D",
    "attention": "Self-attention at (pixels)",
    "alpha": "α, smoothing of real",
    "beta": "β, smoothing of generated",
    "g_form": "Form of G's loss",
    "gradient_penalty": "Gradient penalty, λ",
    "r1_gamma": "R1 penalty, γ",
    "r1_every": "R1 every so many steps",
    "weight_clip": "Weight clipping, ±c",
    "minibatch": "Minibatch layer in D",
    "minibatch_kernels": "Kernels of minibatch discrimination",
    "pack": "PacGAN pack (images D sees as one)",
    "unroll_steps": "Unrolled updates of D",
    "unroll_method": "Unrolled updates by",
    "unroll_lr": "Learning rate of unrolled SGD",
    "conditioning": "Conditioning on labels",
    "g_labels": "Labels reach G by",
    "labelled": "Labelled images",
    "d_steps": "Updates of D per step",
    "g_steps": "Updates of G per step",
    "rule": "Rule: who is updated",
    "ratio": "Ratio in the rule",
    "method": "Method",
    "g_lr": "Learning rate of G",
    "d_lr": "Learning rate of D",
    "adam_beta1": "Adam β₁",
    "adam_beta2": "Adam β₂",
    "ema": "Moving average of G",
    "report_every": "Steps per row of metrics",
    "evaluate_every": "Steps between measurements of samples",
    "snapshots": "Sample grids kept",
}


def _no_pixels(values: Values) -> bool:
    return not of_dataset(values["train_dataset"]).pixels


def _no_classes(values: Values) -> bool:
    return not of_dataset(values["train_dataset"]).classes


def _not_measured(values: Values) -> bool:
    return not of_dataset(values["train_dataset"]).measured


def _no_cross_entropy(values: Values) -> bool:
    return not OBJECTIVES[values["train_objective"]].cross_entropy


IDLE: dict[str, Callable[[Values], bool]] = {
    "size": _no_pixels,
    "color": _no_pixels,
    "conditioning": _no_classes,
    "alpha": _no_cross_entropy,
    "beta": _no_cross_entropy,
    "depth": lambda values: values["train_architecture"] != "mlp",
    "attention": lambda values: values["train_architecture"] == "mlp",
    "g_form": lambda values: OBJECTIVES[values["train_objective"]].strict_g is None,
    "minibatch_kernels": lambda values: values["train_minibatch"] != "discrimination",
    "r1_every": lambda values: not values["train_r1_gamma"],
    "unroll_method": lambda values: not values["train_unroll_steps"],
    "unroll_lr": lambda values: (
        not values["train_unroll_steps"] or values["train_unroll_method"] != "sgd"
    ),
    "g_labels": lambda values: values["train_conditioning"] not in ("concat", "projection"),
    "labelled": lambda values: values["train_conditioning"] not in ("d-only", "semi-supervised"),
    "ratio": lambda values: values["train_rule"] == "fixed",
    "adam_beta1": lambda values: values["train_method"] != "adam",
    "adam_beta2": lambda values: values["train_method"] != "adam",
    "epochs": lambda values: bool(values["train_steps"]),
    "evaluate_every": _not_measured,
}


def idle(path: Path, values: Values) -> bool:
    """Whether a setting has no effect beside the others.

    Its widget is greyed and its value does not count.
    """
    return path[-1] in IDLE and IDLE[path[-1]](values)


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


def collect(values: Values) -> Config:
    """The config that the widgets describe; ``ValueError`` in one sentence if it is not valid.

    Settings without effect are the config's own defaults, whatever their greyed widgets hold.
    """
    return parse_config(_nested(values))


def unchecked(values: Values) -> Config:
    """The config that the widgets describe, be it valid or not: to speak of, not to train."""
    sections: dict[str, Any] = {}
    for name, value in _nested(values).items():
        kind = Config.model_fields[name].annotation
        sections[name] = (
            kind.model_construct(**value)
            if isinstance(kind, type) and issubclass(kind, Section)
            else value
        )
    return Config.model_construct(**sections)


def _nested(values: Values) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    effective = dict(values)
    for path, field in leaves():
        if idle(path, effective):
            effective[key_of(path)] = field.default
        target = nested
        for part in path[:-1]:
            target = target.setdefault(part, {})
        target[path[-1]] = effective[key_of(path)]
    return nested


def in_words(sentence: str) -> str:
    """A sentence that names settings as the config does.

    With the labels of their widgets instead.
    """
    names = {path[-1] for path, _ in leaves() if "_" in path[-1]}
    return re.sub(
        r"\w+", lambda found: f"“{label_of(found[0])}”" if found[0] in names else found[0], sentence
    )


def label_of(name: str) -> str:
    """The label of a setting's widget."""
    return LABELS.get(name, name.replace("_", " ").capitalize())


def field_widget(
    path: Path, field: FieldInfo, default: Any, choices: Sequence[str] | None = None, **options: Any
) -> Any:
    """The widget that fits a field's type; its value is in the URL.

    ``options`` are any that all widgets have.
    """
    name = path[-1]
    common: dict[str, Any] = {
        "key": key_of(path),
        "bind": "query-params",
        "help": field.description,
        **options,
    }
    label = label_of(name)
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
        step = (
            10.0 ** math.floor(math.log10(default))
            if 0 < default < 0.05
            else 0.05
            if default < 0.9
            else 0.001
        )
        low, high = _limits(field, step / 10)
        return st.number_input(label, low, high, float(default), step, format="%g", **common)
    low, high = _limits(field, 1)
    return st.number_input(
        label,
        None if low is None else int(low),
        None if high is None else int(high),
        default,
        1,
        placeholder="not set",
        **common,
    )


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
