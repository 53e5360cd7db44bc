"""Cards: what a checkpoint is, and all that rebuilds its networks.

A checkpoint is a folder with ``generator.safetensors``, ``discriminator.safetensors`` and
``card.json``.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from stat import S_ISREG
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from gandash.checkpoints.scores import (
    Evaluation,
    Figures,
    GeneralFigures,
    InceptionFigures,
    TranslationFigures,
)
from gandash.config import STORED, Config
from gandash.config.plan import LONGEST_PLAN, Plan
from gandash.kinds import Kind, of_shape
from gandash.records import Moment, Section, explain
from gandash.storage.files import write_whole

CARD = "card.json"
MOST_CLASSES, LONGEST_CLASS = 20_000, 255  # a class is a folder's name
MAX_CARD_BYTES = 32_000_000  # more than the largest card takes, names escaped
Line = Annotated[str, Field(max_length=4096)]
Name = Annotated[str, Field(max_length=LONGEST_CLASS)]


class DataFacts(Section):
    """What a checkpoint was trained on."""

    name: Line
    title: Line
    licence: Line
    images: int = Field(ge=1, le=10**9)
    shape: tuple[int, ...] = Field(min_length=1, max_length=4)
    classes: tuple[Name, ...] = Field((), max_length=MOST_CLASSES)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.kind.holds(self.shape):
            raise ValueError(
                "shape must be that of a gray or RGB square image, a pair of them, or a point, not "
                f"{self.shape}"
            )
        return self

    @property
    def kind(self) -> Kind:
        """The kind of the samples."""
        return of_shape(self.shape)


class Imported(Section):
    """Where weights came from that another program trained.

    ``generator`` is its layers, where it is none of gandash's architectures, ``discriminator``
    those of the other player where it came along, and ``reading`` what no shape told.
    """

    file: Line
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    generator: Plan = Field((), max_length=LONGEST_PLAN)
    discriminator: Plan = Field((), max_length=LONGEST_PLAN)
    reading: Line = ""


class Card(Section):
    """All that is known about a checkpoint; ``seconds`` is wall time of training.

    ``last_step`` is set where the weights are those of the best step and not of the last: to the
    latter. ``imported`` weights were trained elsewhere: nothing but the networks and the shape of
    their images is known of them. ``alone`` counts the updates that somebody gave one player by
    hand, which no config says. ``chosen_on`` is the split that the best step was chosen on; cards
    written before 26 November 2026 do not say it, and it was the test split.
    """

    format: int = Field(1, ge=1, le=1)
    name: Name
    title: Line
    config: Config
    data: DataFacts
    step: int = Field(ge=0, le=10**12)
    last_step: int | None = Field(None, ge=1, le=10**12)
    chosen_on: Literal["train", "test"] = "test"
    epochs: float = Field(ge=0, le=1e12)
    seconds: float = Field(ge=0, le=1e10)
    device: Line
    arithmetic: Line
    weights: Literal["fp16", "fp32"]
    versions: dict[Name, Name] = Field(max_length=100)
    created: Moment
    note: str = Field("", max_length=100_000)
    evaluation: Evaluation | None = None
    inception: InceptionFigures | None = None
    general: GeneralFigures | None = None
    translation: TranslationFigures | None = None
    imported: Imported | None = None
    alone: int = Field(0, ge=0, le=10**9)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.imported is None:
            self.config.steps_per_epoch(self.data.images)
        return self

    @property
    def measured(self) -> Evaluation | GeneralFigures | None:
        """The figures that this project's own classifiers give: that for the data where there is
        one.
        """
        return self.evaluation or self.general

    @property
    def choice(self) -> str:
        """How the step of the weights was chosen: ``last``, or ``best`` and on which split.

        Best on the test split is a least distance to the very images that the figures of a card
        are measured against.
        """
        return f"best, {self.chosen_on} split" if self.last_step else "last"

    @property
    def stand(self) -> str:
        """Which step the weights are of, in words."""
        chosen = f"least Fréchet distance, chosen on the {self.chosen_on} split"
        return f"step {self.step:,}" + (
            f" of {self.last_step:,} ({chosen})" if self.last_step else ""
        )


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint's folder with its card read and checked."""

    folder: Path
    card: Card

    @property
    def name(self) -> str:
        return self.card.name


@dataclass(frozen=True)
class Broken:
    """A folder that looks like a checkpoint but cannot be used, and why."""

    folder: Path
    reason: str


KINDS = {
    Evaluation: "evaluation",
    InceptionFigures: "inception",
    GeneralFigures: "general",
    TranslationFigures: "translation",
}
"""By what figures are, the field of a card that keeps them."""


def attach(checkpoint: Checkpoint, found: Figures | TranslationFigures) -> Checkpoint:
    """Write figures into a checkpoint's card, in place of older ones of their kind."""
    card = checkpoint.card.model_copy(update={KINDS[type(found)]: found})
    write_card(checkpoint.folder, card)
    return Checkpoint(checkpoint.folder, card)


def write_card(folder: Path, card: Card) -> None:
    """Write a card whole; ``ValueError`` where it would not be read again, with nothing written."""
    content = (card.model_dump_json(indent=2) + "\n").encode()
    _parse(content, folder.name)
    write_whole(folder / CARD, content)


def load_card(folder: Path) -> Card:
    """Read and check a card; ``ValueError`` says what is wrong with it and what to do."""
    card = _parse(read_bounded(folder / CARD, MAX_CARD_BYTES), folder.name)
    if card.name != folder.name:
        raise ValueError(
            f"A card's name must be that of its folder, but {_short(card.name)} stands in "
            f"{_short(folder.name)}: rename one of them"
        )
    return card


def _parse(content: bytes, name: str) -> Card:
    """A card of the checkpoint ``name``, within the limits of all that are read and written."""
    if len(content) > MAX_CARD_BYTES:
        raise ValueError(too_large(CARD, name, MAX_CARD_BYTES, len(content)))
    try:
        return Card.model_validate_json(content, context=STORED)
    except ValidationError as error:
        raise ValueError(
            f"The card of {name!r} is damaged: {explain(error)} Restore {CARD} from a copy, or "
            "move the folder away"
        ) from error


def read_bounded(path: Path, limit: int) -> bytes:
    """The bytes of a file of a checkpoint, at most ``limit`` of them.

    ``ValueError`` if there are more, or it cannot be read; a pipe is not waited for.
    """
    name = path.parent.name
    try:
        facts = path.stat()
        if facts.st_size > limit:
            raise ValueError(too_large(path.name, name, limit, facts.st_size))
        if not S_ISREG(facts.st_mode):
            raise ValueError(
                f"The {path.name} of {name!r} is not a file: restore it from a copy, or move the "
                "folder away"
            )
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise ValueError(
            f"The {path.name} of {name!r} cannot be read ({error.strerror}): restore it from a "
            "copy, or move the folder away"
        ) from error


def too_large(file: str, name: str, limit: int, size: int) -> str:
    """What is said of a checkpoint's file that is larger than any is."""
    return (
        f"The {file} of {name!r} may hold at most {limit:,} bytes, and it holds {size:,}: restore "
        "it from a copy, or move the folder away"
    )


def _short(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:79]}…")


def find(*roots: Path) -> tuple[list[Checkpoint], list[Broken]]:
    """All checkpoints directly below the given folders by name, and those that cannot be used.

    Of two with the same name the one in the earlier folder is taken.
    """
    good: dict[str, Checkpoint] = {}
    broken: list[Broken] = []
    for folder in (path.parent for root in roots for path in sorted(root.glob(f"*/{CARD}"))):
        if folder.name.startswith("."):  # a checkpoint that is being exported
            continue
        try:
            good.setdefault(folder.name, Checkpoint(folder, load_card(folder)))
        except ValueError as error:
            broken.append(Broken(folder, str(error)))
    return [good[name] for name in sorted(good)], broken


def package_versions() -> dict[str, str]:
    """Versions of what decides a run's numbers."""
    return {"python": platform.python_version()} | {
        name: version(name) for name in ("torch", "torchvision", "numpy")
    }
