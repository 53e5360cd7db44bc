"""Frozen, validated records, and what is wrong with one in a sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


# What Python says of an object that has no words of its own: it differs from run to run.
ADDRESS = re.compile(r" ?<[^<>]* at 0x[0-9a-fA-F]+>")


class Section(BaseModel):
    """A frozen group of settings that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def explain(error: Exception) -> str:
    """An error in one line: for a refused config the field.

    The rule and the value that broke it.
    """
    if isinstance(error, ValidationError):
        return (
            "; ".join(
                _sentence(error.title, dict(problem)) for problem in error.errors(include_url=False)
            )
            + "."
        )
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return _short(ADDRESS.sub("", " ".join(str(error).split())), 500) or type(error).__name__


def _sentence(title: str, problem: dict[str, Any]) -> str:
    field = ".".join(str(part) for part in problem["loc"]) or title
    rule = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    if problem["type"] == "value_error":
        return rule
    if problem["type"] == "json_invalid":
        return f"{field} is not JSON ({rule.removeprefix('Invalid JSON: ')})"
    if problem["type"] == "extra_forbidden":
        return f"{_short(field, 80)} is not a setting: remove it"
    return f"{field} {rule[:1].lower()}{rule[1:]}, not {_short(repr(problem['input']), 80)}"


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
