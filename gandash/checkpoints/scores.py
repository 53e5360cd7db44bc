"""The figures of a checkpoint, with the protocol that they were measured by."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gandash.records import Moment, Section

Number = Annotated[float, Field(ge=-1e12, le=1e12)]
Whole = Annotated[int, Field(ge=0, le=10**12)]


class Protocol(Section):
    """What two figures must have in common to be compared."""

    features: str = Field(max_length=1000)
    real: Whole = Field(ge=1)
    fake: Whole = Field(ge=1)
    split: str = Field("test", max_length=100)
    seed: Whole

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
    step: Whole
    frechet: Number
    kernel: Number
    kernel_std: Number
    precision: Number
    recall: Number
    density: Number
    coverage: Number
    score: Number
    score_std: Number
    created: Moment


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

    class_shares: tuple[Number, ...] = Field(max_length=20_000)
    missing: Whole
    diversity: Number
    memorization: Number
    memorization_pixels: Number
    label_accuracy: Number | None = None


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
