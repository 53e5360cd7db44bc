"""Cards: what a checkpoint is, and all that rebuilds its networks.

A checkpoint is a folder with ``generator.safetensors``, ``discriminator.safetensors`` and
``card.json``.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from gandash.checkpoints.scores import Evaluation, Figures, InceptionFigures
from gandash.config import Config
from gandash.kinds import Kind, of_shape
from gandash.records import Section, explain
from gandash.storage.files import write_whole

CARD = "card.json"
MAX_CARD_BYTES = 1_000_000


class DataFacts(Section):
    """What a checkpoint was trained on."""

    name: str
    title: str
    licence: str
    images: int = Field(ge=1)
    shape: tuple[int, ...] = Field(min_length=1, max_length=3)
    classes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.kind.holds(self.shape):
            raise ValueError(
                f"shape must be that of a gray or RGB square image, or of a point, not {self.shape}"
            )
        return self

    @property
    def kind(self) -> Kind:
        """The kind of the samples."""
        return of_shape(self.shape)


class Card(Section):
    """All that is known about a checkpoint; ``seconds`` is wall time of training.

    ``last_step`` is set where the weights are those of the best step and not of the last: to the
    latter.
    """

    format: int = Field(1, ge=1, le=1)
    name: str
    title: str
    config: Config
    data: DataFacts
    step: int = Field(ge=0)
    last_step: int | None = Field(None, ge=1)
    epochs: float = Field(ge=0)
    seconds: float = Field(ge=0)
    device: str
    arithmetic: str
    weights: Literal["fp16", "fp32"]
    versions: dict[str, str]
    created: datetime
    note: str = ""
    evaluation: Evaluation | None = None
    inception: InceptionFigures | None = None

    @property
    def stand(self) -> str:
        """Which step the weights are of, in words."""
        of_last = f" of {self.last_step:,} (best Fréchet distance)" if self.last_step else ""
        return f"step {self.step:,}{of_last}"


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


def attach(checkpoint: Checkpoint, found: Figures) -> Checkpoint:
    """Write figures into a checkpoint's card, in place of older ones of their kind."""
    kind = "inception" if isinstance(found, InceptionFigures) else "evaluation"
    card = checkpoint.card.model_copy(update={kind: found})
    write_card(checkpoint.folder, card)
    return Checkpoint(checkpoint.folder, card)


def write_card(folder: Path, card: Card) -> None:
    write_whole(folder / CARD, (card.model_dump_json(indent=2) + "\n").encode())


def load_card(folder: Path) -> Card:
    """Read and check a card; ``ValueError`` says what is wrong with it and what to do."""
    path = folder / CARD
    try:
        content = read_bounded(path, MAX_CARD_BYTES)
        card = Card.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(
            f"The card {path} is damaged: {explain(error)} Restore or remove {folder.name!r}"
        ) from error
    if card.name != folder.name:
        raise ValueError(
            f"A card's name must be that of its folder, but {card.name!r} stands in "
            f"{folder.name!r}: rename one of them"
        )
    return card


def read_bounded(path: Path, limit: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > limit:
            raise ValueError(
                f"{path} may hold at most {limit:,} bytes, and it holds {size:,}: restore or "
                "remove it"
            )
        return path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read ({error.strerror}): restore or remove the folder"
        ) from error


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
