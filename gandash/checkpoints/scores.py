"""The figures of a checkpoint, with the protocol that they were measured by."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gandash.records import Moment, Section

Number = Annotated[float, Field(ge=-1e12, le=1e12)]
Whole = Annotated[int, Field(ge=0, le=10**12)]

DIGITS = {"frechet": 1, "kernel": 2, "score": 2, "missing": 1}
SHARE_DIGITS = 3
KERNEL = "kernel"
HALVES = "halved test"
TITLES = {
    "frechet": "Fréchet", "kernel": "kernel", "precision": "precision", "recall": "recall",
    "density": "density", "coverage": "coverage",
}  # fmt: skip


class Protocol(Section):
    """What two figures must have in common to be compared.

    Figures of several sample ``seeds`` (``seed``, ``seed`` + 1, …) are means over them. ``rules``
    counts changes of what is computed: 1 has the kernel distance as a mean over 100 subsets of
    1,000, and takes diversity and distances in pixels from the first 2,000 images; 2 has it over
    all pairs, and takes 2,000 drawn from all.
    """

    features: str = Field(max_length=1000)
    real: Whole = Field(ge=1)
    fake: Whole = Field(ge=1)
    split: str = Field("test", max_length=100)
    seed: Whole
    seeds: Whole = Field(1, ge=1)
    rules: Whole = Field(1, ge=1)

    def __str__(self) -> str:
        if self.seeds == 1:
            drawn = f"{self.fake:,} samples of seed {self.seed}"
        else:
            drawn = (
                f"{self.fake:,} samples of each of the seeds {self.seed} to "
                f"{self.seed + self.seeds - 1}"
            )
        return (
            f"{drawn} against {self.real:,} images of the {self.split} split, "
            f"on features of the {self.features}"
        )


class Figures(Section):
    """What any features tell of a checkpoint.

    Formulas and ranges stand in :mod:`gandash.evaluation.metrics`. Each is a mean over the seeds
    of the protocol, and ``spread`` has the standard deviation (of a sample, n - 1) over them by
    the figure's name; empty for a single seed. ``kernel_error`` is the standard error of the
    kernel distance of one seed; older figures have ``kernel_std`` in its place, the deviation of
    subsets of 1,000, which is not the error of their mean. ``score_std`` is the deviation over ten
    parts of the samples.
    """

    protocol: Protocol
    step: Whole
    frechet: Number
    kernel: Number
    kernel_std: Number | None = None
    kernel_error: Number | None = None
    precision: Number
    recall: Number
    density: Number
    coverage: Number
    score: Number
    score_std: Number
    spread: dict[str, Number] = Field(default_factory=dict, max_length=100)
    created: Moment

    def noise_of(self, name: str) -> float | None:
        """What stands behind the ± of a figure; None where it was not measured.

        Of the kernel distance its standard error, of all others the spread over sample seeds.
        """
        return self.kernel_error if name == KERNEL else self.spread.get(name)

    def shown(self, name: str) -> str:
        """A figure in words: ``value ± noise``, or the value alone."""
        digits = DIGITS.get(name, SHARE_DIGITS)
        value = f"{getattr(self, name):.{digits}f}"
        noise = self.noise_of(name)
        return value if noise is None else f"{value} ± {noise:.{digits}f}"

    @property
    def about_noise(self) -> str:
        """A sentence on what stands behind the ± of these figures."""
        if not self.spread:
            return "Of a single sample seed: how much of a figure is chance was not measured."
        return (
            f"± is the standard deviation over {self.protocol.seeds} sets of samples of the same "
            "weights; that of the kernel distance is the standard error of one set."
        )


class InceptionFigures(Figures):
    """Those on Inception's features; ``score`` is the inception score (Salimans et al.

    2016, arXiv:1606.03498).
    """


class GeneralFigures(Figures):
    """Those on the features of a classifier that has not learned the data: ``score`` is of its own
    classes, and says little.
    """


class Evaluation(Figures):
    """Those on the features of a classifier for the data, and what its classes tell.

    ``class_shares`` are those the classifier finds, ``missing`` the classes with less than a tenth
    of their real share. ``diversity`` is relative to that of the real images. ``memorization`` is
    measured on features, ``memorization_pixels`` on the pixels of 2,000. ``label_accuracy`` is the
    share of samples that show the class they were asked for, for a conditioned generator.
    """

    class_shares: tuple[Number, ...] = Field(max_length=20_000)
    missing: Number
    diversity: Number
    memorization: Number
    memorization_pixels: Number
    label_accuracy: Number | None = None


class Translated(Section):
    """What translations are against their true targets.

    ``l1`` is the mean absolute difference of pixels in levels of 255, ``psnr`` in decibels, both
    with the standard error over pairs. ``label_kept`` is the share whose class a classifier of the
    targets finds, ``frechet`` the distance of its features from those of the true targets.
    """

    l1: Number
    l1_error: Number
    psnr: Number
    psnr_error: Number
    label_kept: Number | None = None
    frechet: Number | None = None

    def __str__(self) -> str:
        told = [
            f"L1 {self.l1:.2f} ± {self.l1_error:.2f} of 255",
            f"PSNR {self.psnr:.2f} ± {self.psnr_error:.2f} dB",
        ]
        if self.label_kept is not None:
            told.append(f"class kept in {self.label_kept:.1%}")
        if self.frechet is not None:
            told.append(f"Fréchet {self.frechet:.1f}")
        return ", ".join(told)


class TranslationFigures(Section):
    """Figures of a translator on test pairs, ``back`` where it learned both directions, and of
    sources that are copied in place of translations; ``features`` is what read them.
    """

    pairs: Whole = Field(ge=1)
    split: str = Field("test", max_length=100)
    features: str = Field("", max_length=1000)
    step: Whole
    there: Translated
    back: Translated | None = None
    copied: Translated
    created: Moment


class Gauges(Section):
    """What the figures on a classifier's features are held against.

    ``real`` are those of one half of the test split against the other: what a perfect generator
    would reach. ``noise`` are those of images of gray noise.
    """

    real: Evaluation | None = None
    noise: Evaluation | None = None

    def beside(self, protocol: Protocol) -> list[str]:
        """Sentences for below a table of figures by ``protocol``.

        Without those of real images where they are of that protocol too, for they belong into the
        table then.
        """
        real = self.real if self.real and self.real.protocol != protocol else None
        return [said for said in (_about_real(real), _about_noise(self.noise)) if said]


def _about_real(real: Evaluation | None) -> str:
    if real is None:
        return ""
    figures = _listed(real, ("frechet", "kernel", "precision", "recall", "density", "coverage"))
    measured = real.protocol
    if measured.split != HALVES:
        return (
            f"Training images in place of samples reach {figures} by another protocol, a hint and "
            f"no rank: {measured}."
        )
    return (
        "One half of the test split in place of samples, against the other half, reaches "
        f"{figures}: about what a perfect generator would. With {measured.fake:,} images a side, "
        f"halved anew {measured.seeds} times, that is another protocol, by which a distance is "
        "larger: a hint and no rank."
    )


def _about_noise(noise: Evaluation | None) -> str:
    if noise is None:
        return ""
    return (
        "Images of gray noise, about what an untrained generator makes, reach "
        f"{_listed(noise, ('precision', 'density', 'recall', 'coverage'))} on these features: "
        "precision and density count only together with the other two."
    )


def _listed(figures: Figures, names: tuple[str, ...]) -> str:
    *others, last = (f"{TITLES[name]} {figures.shown(name)}" for name in names)
    return f"{', '.join(others)} and {last}"
