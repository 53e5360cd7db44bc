"""Links that were made with earlier versions still open; ``old_links.json`` keeps some."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gandash.app.parts.config_form import FIELDS
from gandash.app.parts.old_links import NEW_NAMES
from tests.app.test_pages import assert_fine, visit

LINKS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("old_links.json").read_text())


@pytest.mark.parametrize("case", LINKS, ids=lambda case: case["link"][:50])
def test_an_old_link_fills_the_form(
    case: dict[str, Any], runs_root: Path, pretrained_root: Path
) -> None:
    asked = dict(parse_qsl(case["link"], keep_blank_values=True))
    app = visit("train", **asked)
    assert_fine(app, "train")
    shown = {key: app.session_state[key] for key in case["shows"]}
    assert shown == case["shows"]
    said = "".join(toast.value for toast in app.toast)
    refused = case.get("refused", 0)
    assert said.startswith("The link asked for " if refused else "")
    assert said.count("“") == min(refused, 3)
    assert (f"and {refused - 3} more" in said) == (refused > 3)
    assert not set(app.query_params) & NEW_NAMES.keys(), "the URL has the new names alone"


def test_every_old_name_is_a_setting_of_today() -> None:
    assert set(NEW_NAMES.values()) <= FIELDS.keys()
    assert len(set(NEW_NAMES.values())) == len(NEW_NAMES) == 51
