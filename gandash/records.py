"""Frozen, validated records, and what is wrong with one in a sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

LONGEST = 500  # characters of a sentence that is not ours
OBJECT = re.compile(r"<(?:class '([\w.]+)'|([\w.]+)(?: [^<>]*)? at 0x[0-9a-fA-F]+)>")
KINDS: dict[type, str] = {
    dict: "a group of settings",
    list: "a list",
    tuple: "a list",
    type(None): "nothing",
}
SUBJECT = re.compile("^(Value error, |Input |String |Tuple |Dictionary |Datetime )")


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _in_utc(moment: datetime) -> datetime:
    """A time without a zone is taken for UTC, so that any two can be compared."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time must lie within the years 1 to 9999 in UTC") from error


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A point in time; all that are read are in UTC."""


# What torch says of too little memory in a plain RuntimeError.
NO_MEMORY = ("allocate memory", "Storage size calculation overflowed", "invalid buffer size")


class Section(BaseModel):
    """A frozen group of settings that refuses unknown keys, and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def explain(error: Exception) -> str:
    """An error in one line: for a refused record the field, the rule and the value that broke it.

    Objects of the program are not shown in it; paths are.
    """
    if isinstance(error, ValidationError):
        problems = error.errors(include_url=False)
        sentences = [_sentence(error.title, dict(problem)) for problem in problems]
        return _short(f"{'; '.join(sentences)}.", LONGEST)
    if is_of_memory(error):
        return (
            "A run must fit into memory, and this one does not: choose a smaller batch_size or "
            "fewer filters"
        )
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    text = " ".join(OBJECT.sub(_kind_of_object, str(error)).split())
    return _short(text, LONGEST) or type(error).__name__


def _kind_of_object(shown: re.Match[str]) -> str:
    """What stands for an object: its kind, or nothing for the stream of a file that is named."""
    name = shown[1] or shown[2]
    return "" if name.startswith("_io.") else f"some {name.rsplit('.', 1)[-1]}"


def is_of_memory(error: Exception) -> bool:
    """Whether memory is too little. Torch says so by an error of its own, or in a plain one."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"MemoryError", "OutOfMemoryError"}:  # without loading torch for the name
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in NO_MEMORY)


def _sentence(title: str, problem: dict[str, Any]) -> str:
    field = ".".join(str(part) for part in problem["loc"]) or title
    field = _short(field, 80)
    rule = SUBJECT.sub("", str(problem["msg"])).rstrip(".")
    match problem["type"]:
        case "value_error":
            return rule
        case "json_invalid":
            return f"{field} is not JSON ({rule.removeprefix('Invalid JSON: ')})"
        case "extra_forbidden":
            return f"{field} is not a setting: remove it"
        case "missing":
            return f"{field} is missing"
        case "model_type" | "model_attributes_type" | "dict_type":
            rule = "should be a group of settings"
    return f"{field} {rule[:1].lower()}{rule[1:]}, not {_shown(problem['input'])}"


def _shown(value: Any) -> str:
    """A value in a sentence: itself where it is one word or number, else what it is."""
    if isinstance(value, PurePath):
        value = str(value)
    if isinstance(value, str | bool | int | float):
        try:
            return _short(repr(value), 80)
        except ValueError:  # of more digits than Python writes
            return "so large a number"
    return next((name for kind, name in KINDS.items() if isinstance(value, kind)), "this")


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
