"""A setting knows itself: title, summary, paper, limits and when it has no effect stand beside it.

The command line, the form, the cards and the rules read them here; a new setting is one
entry in ``sections.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import AfterValidator, Field
from pydantic.fields import FieldInfo

from gandash.records import Section

Values = Mapping[str, Any]  # values by dotted name, such as "regularizer.r1_gamma"


@dataclass(frozen=True)
class Trick:
    """What a run has beside the plain DCGAN, in people's words.

    ``title`` is a short name and may have a place for the setting's value, ``summary`` a sentence
    without its period, ``paper`` where it comes from.
    """

    title: str
    summary: str
    paper: str = ""

    def named(self, value: Any) -> str:
        """The title with the setting's value in its place."""
        if isinstance(value, float):
            return self.title.format(f"{value:g}")
        if isinstance(value, int):
            return self.title.format(f"{value:,}")
        return self.title.format(value)

    @property
    def sentence(self) -> str:
        """The summary with its paper."""
        return _with_paper(self.summary, self.paper)


@dataclass(frozen=True)
class Idle:
    """When a setting has no effect, and why, as the end of "Without effect: ..."."""

    why: str
    when: Callable[[Values], bool]


@dataclass(frozen=True)
class About:
    """What a field knows of itself beyond pydantic's title, description and limits.

    ``trick`` is what any value but the plain DCGAN's means, ``tricks`` what single choices mean;
    ``titles`` are what people call the choices.
    """

    trick: Trick | None = None
    tricks: Mapping[Any, Trick] = field(default_factory=dict)
    idle: Idle | None = None
    choices: tuple[str, ...] = ()
    titles: Mapping[Any, str] = field(default_factory=dict)

    def called(self, value: Any) -> str:
        """A value in people's words: a choice's title, or the title of its trick."""
        trick = self.tricks.get(value)
        return self.titles.get(value, trick.title if trick else str(value))


def setting(
    default: Any,
    title: str,
    summary: str,
    *,
    paper: str = "",
    trick: tuple[str, str] | None = None,
    tricks: Mapping[Any, Trick] | None = None,
    idle: Idle | None = None,
    choices: Sequence[str] = (),
    titles: Mapping[Any, str] | None = None,
    **limits: Any,
) -> Any:
    """A field of a section; ``limits`` are pydantic's (ge, gt, le, lt, min_length).

    ``summary`` is a sentence without its period, to which ``paper`` is added. ``trick`` is the
    title and summary of what it means where it differs from the plain DCGAN's; the paper is the
    same. ``choices`` are the names of a table to choose from, ``titles`` what people call those
    choices whose names are no words.
    """
    made: Any = Field(default, title=title, description=_with_paper(summary, paper), **limits)
    named = Trick(*trick, paper) if trick else None
    if choices:
        made.metadata.append(AfterValidator(_one_of(title, choices)))
    made.metadata.append(About(named, tricks or {}, idle, tuple(choices), titles or {}))
    return made


def _with_paper(summary: str, paper: str) -> str:
    return f"{summary} ({paper})." if paper else f"{summary}."


def _one_of(title: str, choices: Sequence[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in choices:
            raise ValueError(f"{title.lower()} must be one of {', '.join(choices)}, not {value!r}")
        return value

    return check


def about(setting: FieldInfo) -> About:
    """What a field knows of itself."""
    return next((item for item in setting.metadata if isinstance(item, About)), About())


def leaves(section: type[Section], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting of a section by its dotted name, in order, inner sections opened."""
    for name, inner in section.model_fields.items():
        kind = inner.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from leaves(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", inner


def value_of(config: Section, name: str) -> Any:
    """The value of a dotted name such as ``balance.d_steps``."""
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value


def values_of(config: Section) -> dict[str, Any]:
    """All values of a config by dotted name."""
    return {name: value_of(config, name) for name, _ in leaves(type(config))}
