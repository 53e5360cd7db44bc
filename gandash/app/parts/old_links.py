"""Links to the form of a new run that were made before its keys had dots: they still open.

Up to version 0.1 a setting's name in the URL was ``train_`` and its last name; now it is the
dotted name, ``train.loss.alpha``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from gandash.app.parts import links
from gandash.app.parts.config_form import FIELDS, key_of

# By section, the settings that had a key in 0.1. Later ones were never linked so.
SETTINGS: Mapping[str, str] = {
    "data": "dataset size color limit",
    "network": "architecture latent_dim g_width d_width depth g_norm d_norm d_spectral_norm "
    "attention",
    "loss": "objective alpha beta g_form",
    "regularizer": "gradient_penalty r1_gamma r1_every weight_clip instance_noise",
    "collapse": "minibatch minibatch_kernels pack unroll_steps unroll_method unroll_lr",
    "labels": "conditioning g_labels labelled",
    "balance": "d_steps g_steps rule ratio discriminators",
    "optimizer": "method g_lr d_lr adam_beta1 adam_beta2",
    "": "epochs steps batch_size ema seed report_every evaluate_every snapshots precision device",
}
NEW_NAMES: Mapping[str, str] = {
    f"train_{name}": f"{section}.{name}".lstrip(".")
    for section, names in SETTINGS.items()
    for name in names.split()
}


def open_old_link() -> None:
    """Put what an old link asks for into the form, once, and take it out of the URL.

    What is no value of its setting is dropped with a word.
    """
    asked = {old: st.query_params[old] for old in NEW_NAMES if old in st.query_params}
    for old, text in asked.items():
        name = NEW_NAMES[old]
        del st.query_params[old]
        try:
            st.session_state.setdefault(key_of(name), value_in(FIELDS[name], text))
        except ValueError:
            links.refuse(old, text)


def value_in(field: FieldInfo, text: str) -> Any:
    """The value of a setting that stands as text in a URL; ``ValueError`` if it is none."""
    if get_origin(field.annotation) is Literal:
        choices = {str(choice): choice for choice in get_args(field.annotation)}
        text = {"grey": "gray"}.get(text, text)
        if text not in choices:
            raise ValueError(f"{text!r} is none of {', '.join(choices)}")
        return choices[text]
    checked: Any = Annotated[field.annotation, *field.metadata]
    try:
        return TypeAdapter(checked).validate_strings(text) if text else None
    except ValidationError as error:
        raise ValueError(f"{text!r} is no value of {field.title}") from error
