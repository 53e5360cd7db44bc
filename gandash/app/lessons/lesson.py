"""The shape of a lesson: a question, a figure that answers it, what happened and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """One of the answers to choose from, and what is said to who chooses it."""

    text: str
    says: str
    right: bool = False


@dataclass(frozen=True)
class View:
    """A link to a page of the app, in an exact state."""

    label: str
    script: str
    path: str
    state: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Lesson:
    """One question in five minutes.

    ``figure`` draws what the question is about; it is told whether the question was answered, and
    says whether the lesson may go on (a lesson without ``answers`` asks in its figure). ``why`` is
    what happened, in Markdown; ``see`` where the same is to be seen on real images.
    """

    title: str
    asks: str
    figure: Callable[[bool], bool]
    why: str
    see: tuple[View, ...]
    teachers: str
    answers: tuple[Answer, ...] = ()
