"""The figures of a checkpoint, with the protocol that they were measured by."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from gandash.records import Section


class Protocol(Section):
    """What two figures must have in common to be compared."""

    features: str
    real: int = Field(ge=1)
    fake: int = Field(ge=1)
    split: str = "test"
    seed: int = Field(ge=0)

    def __str__(self) -> str:
        return (
            f"{self.fake:,} samples of seed {self.seed} against {self.real:,} images of the "
            f"{self.split} split, "
            f"on features of the {self.features}"
        )


class Figures(Section):
    """What any features tell of a checkpoint.

    Formulas and ranges stand in :mod:`gandash.evaluation.metrics`.
    """

    protocol: Protocol
    step: int = Field(ge=0)
    frechet: float
    kernel: float
    kernel_std: float
    precision: float
    recall: float
    density: float
    coverage: float
    score: float
    score_std: float
    created: datetime


class InceptionFigures(Figures):
    """Those on Inception's features; ``score`` is the inception score (Salimans et al.

    2016, arXiv:1606.03498).
    """


class Evaluation(Figures):
    """Those on the features of a classifier for the data, and what its classes tell.

    ``class_shares`` are those the classifier finds, ``missing`` the classes with less than a tenth
    of their real share. ``diversity`` is relative to that of the real images. ``memorization`` is
    measured on features, ``memorization_pixels`` on the pixels of the first 2,000.
    ``label_accuracy`` is the share of samples that show the class they were asked for, for a
    conditioned generator.
    """

    class_shares: tuple[float, ...]
    missing: int
    diversity: float
    memorization: float
    memorization_pixels: float
    label_accuracy: float | None = None


def apart(reference: Evaluation | None, protocol: Protocol) -> str:
    """A sentence with the figures of training images, for where they were measured by another
    protocol.

    Empty where there are none, and where ``protocol`` is theirs too: they belong into the table of
    its figures then.
    """
    if reference is None or reference.protocol == protocol:
        return ""
    return (
        f"Training images in place of samples reach Fréchet {reference.frechet:.1f}, precision "
        f"{reference.precision:.2f}, recall {reference.recall:.2f}, density "
        f"{reference.density:.2f} and coverage "
        f"{reference.coverage:.2f} by another protocol, a hint and no rank: {reference.protocol}."
    )
