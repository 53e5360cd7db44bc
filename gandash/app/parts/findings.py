"""What the curves of a run say, in words, with what to try about it."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import streamlit as st

from gandash.app.kept import Kept
from gandash.app.parts import config_form
from gandash.app.parts.quoted import in_html
from gandash.config import Config
from gandash.config.presets import PRESETS
from gandash.losses.objectives import OBJECTIVES
from gandash.theory.diagnosis import Change, Finding, diagnose, remembered

TRIED = 2  # changes that are offered for a finding
KEPT = Kept[list[Finding]](256)
BASE = PRESETS["Quick digits"].config  # what the Train page begins with


def findings(
    title: str, metrics: pd.DataFrame, config: Config, key: str, *, brief: bool = False
) -> bool:
    """All signs in a run's curves under its title; of scores that are no probabilities that of
    memory alone.

    ``brief``: those alone that something should be done about. Returns whether anything was said.
    """
    readable = OBJECTIVES[config.loss.objective].cross_entropy
    found = _found(metrics, config.loss.alpha, config.loss.beta, readable=readable)
    if brief:
        found = [finding for finding in found if finding.changes]
    elif not readable and not found:
        st.caption(
            f"{title}: D's outputs are no probabilities here, so no sign is read in them but that "
            "of memory, where images are held out."
        )
    elif not found:
        st.caption(f"{title}: too few rows to say anything, or no sign in them.")
    for number, finding in enumerate(found):
        with st.container(key=f"{key}_{number}"):
            st.html(_words(title, finding))
            _offers(finding, config)
    return bool(found)


def _found(metrics: pd.DataFrame, alpha: float, beta: float, *, readable: bool) -> list[Finding]:
    """Signs in curves, looked for once in the same ones."""
    numbers = metrics.select_dtypes("number").to_numpy(np.float64)
    key = (hashlib.sha256(numbers.tobytes()).digest(), *metrics.columns, alpha, beta, readable)
    return KEPT.get(
        key, lambda: diagnose(metrics, alpha, beta) if readable else remembered(metrics)
    )


def _words(title: str, finding: Finding) -> str:
    steps = f"{in_html(title)}, steps {finding.first:,} to {finding.last:,}"
    return (
        f'<h3 class="gd-finding" data-sign="{"bad" if finding.changes else "good"}">'
        f"{in_html(finding.title)}</h3>"
        f'<p class="gd-facts">{steps}: {in_html(finding.says)}</p>'
        f'<p class="gd-sub">{in_html(finding.why)} ({in_html(finding.source)})</p>'
    )


def _offers(finding: Finding, config: Config) -> None:
    """Links to the Train page, filled in with the run's settings and one change each."""
    changed = [(change, new) for change in finding.changes if (new := _with(config, change))]
    if not changed:
        return
    with st.container(horizontal=True):
        for change, new in changed[:TRIED]:
            st.page_link(
                st.Page("views/train.py", url_path="train"),
                label=f"Try {config_form.FIELDS[change.setting].title}: {change.value}",
                icon=":material/play_arrow:",
                query_params=_filled_in(new),
            )


def _with(config: Config, change: Change) -> Config | None:
    """The run with a change; None where that changes nothing or makes no sense beside the rest."""
    values = config_form.values_of(config)
    key = config_form.key_of(change.setting)
    if values[key] == change.value:
        return None
    try:
        return config_form.collect(values | {key: change.value})
    except ValueError:
        return None


def _filled_in(config: Config) -> dict[str, str]:
    """The Train form's part of the URL for a config."""
    known = config_form.values_of(BASE)
    return {
        key: str(value)
        for key, value in config_form.values_of(config).items()
        if value != known[key] and value is not None
    }
