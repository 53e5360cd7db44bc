"""What a run's curves say, in words, pinned to the steps where it holds.

Each sign is a rule on the rows of metrics of a run whose D is trained by a cross-entropy: there
sigmoid(logit) is a probability. Bounds were set between the shipped runs that failed on purpose and
those that did not (tests/theory/test_diagnosis.py holds them to it). They are signs, not proofs: a
collapse that D keeps up with leaves none in the curves, so look at the samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from gandash.theory.smoothing import equilibrium_loss

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SHARE = 0.1  # of a run's rows that a sign must hold for
ROWS = 5  # and at least so many
SURE, SWINGING, GONE = 0.93, 0.085, 0.01
RISEN = 1.4  # distances of 2,000 samples of runs that stand still differ by a third
MEMORY, APART = 0.5, 0.1  # share of D's lead on training images that held-out ones lack; D(x)
PATIENCE, PATIENT, GAIN = 4, 1 / 3, 0.05  # measurements, share of all, what counts as better


@dataclass(frozen=True)
class Change:
    """A setting by its dotted name, and what to try it at."""

    setting: str
    value: object


@dataclass(frozen=True)
class Finding:
    """A sign in the curves of a run, from ``first`` to ``last`` step.

    ``says`` has its numbers, ``why`` how it comes about, ``source`` where that is explained;
    ``changes`` are settings to try, of which any may help; none where all is well.
    """

    title: str
    first: int
    last: int
    says: str
    why: str
    source: str
    changes: tuple[Change, ...] = ()


def diagnose(metrics: pd.DataFrame, alpha: float = 0.0, beta: float = 0.0) -> list[Finding]:
    """Signs in the rows of a run with a cross-entropy objective, in the order of their steps.

    ``metrics`` as :class:`gandash.report.Report` names them. Empty for too few rows.
    """
    if len(metrics) < 4 * ROWS:
        return []
    found = [finding for rule in RULES for finding in rule(metrics, alpha, beta)]
    if not any(finding.changes for finding in found):
        found += _balanced(metrics)
    return sorted(found, key=lambda finding: finding.first)


def remembered(metrics: pd.DataFrame) -> list[Finding]:
    """Signs that D knows its training images by heart; for any objective.

    ``metrics`` as for :func:`diagnose`; nothing is said of a run that holds no images out.
    """
    return list(_by_heart(metrics, 0.0, 0.0)) if len(metrics) >= 4 * ROWS else []


def _by_heart(metrics: pd.DataFrame, _alpha: float, _beta: float) -> Iterator[Finding]:
    """D holds images that it has not learned from for generated ones: r_v of Karras et al., here
    of means of sigmoid(logit).
    """
    if "d_held_out" not in metrics or metrics.d_held_out.isna().all():
        return
    train, held_out, fake = (
        _smooth(_column(metrics, name)) for name in ("d_train", "d_held_out", "d_fake")
    )
    lost = train - held_out
    for rows in _stretches((lost > APART) & (lost > MEMORY * (train - fake))):
        part = metrics.iloc[rows]
        yield Finding(
            "D knows its images by heart",
            *_steps(part),
            f"D(x) is {part.d_train.mean():.2f} on training images, "
            f"{part.d_held_out.mean():.2f} on held-out ones and {part.d_fake.mean():.2f} on "
            "generated ones.",
            "To this D an image is real if it has seen it before: what it teaches G is to copy. "
            "Compare samples with their nearest images in the Gallery.",
            "Karras et al. 2020, arXiv:2006.06676, section 3",
            (
                Change("few.augment", "diffaugment"),
                Change("few.augment", "ada"),
                Change("network.d_width", 16),
            ),
        )


def _saturated(metrics: pd.DataFrame, alpha: float, beta: float) -> Iterator[Finding]:
    """D tells all apart and is sure of it."""
    apart = _column(metrics, "real_q05") > _column(metrics, "fake_q95")
    sure = _column(metrics, "d_real") > SURE * (1 - alpha)
    sure &= _column(metrics, "d_fake") < (1 - SURE) * (1 - beta) + beta
    for rows in _stretches(apart & sure):
        part = metrics.iloc[rows]
        yield Finding(
            "D is sure of everything",
            *_steps(part),
            f"D(x) {part.d_real.mean():.3f}, D(G(z)) {part.d_fake.mean():.3f}, D's loss "
            f"{part.d_loss.mean():.3f}: 95 % of the real images lie above 95 % of the generated.",
            "A loss of D near 0 is no success: a D that is sure everywhere is flat everywhere, and "
            "its slope is all that G learns from.",
            "Arjovsky and Bottou 2017, arXiv:1701.04862",
            (
                Change("optimizer.d_lr", 1e-4),
                Change("loss.alpha", 0.1),
                Change("regularizer.instance_noise", 0.1),
            ),
        )


def _vanished(metrics: pd.DataFrame, _alpha: float, _beta: float) -> Iterator[Finding]:
    """G's gradient is gone."""
    norms = _column(metrics, "g_grad_norm")
    early = float(np.nanmax(norms[: max(ROWS, len(norms) // 10)]))
    for rows in _stretches(norms < GONE * early):
        part = metrics.iloc[rows]
        yield Finding(
            "G's gradient has vanished",
            *_steps(part),
            f"Its norm is {part.g_grad_norm.median():.2g}, and was up to {early:.2g} at first.",
            "log(1 − D(G(z))) is flat where D(G(z)) is near 0: G hears that it is wrong, and not "
            "in which direction.",
            "Goodfellow et al. 2014, arXiv:1406.2661, section 3",
            (Change("loss.objective", "non-saturating"),),
        )


def _weak(metrics: pd.DataFrame, alpha: float, beta: float) -> Iterator[Finding]:
    """D does worse than guessing."""
    guessing = equilibrium_loss(alpha, beta)
    for rows in _stretches(_smooth(_column(metrics, "d_loss")) > 1.05 * guessing):
        part = metrics.iloc[rows]
        yield Finding(
            "D is weaker than a guess",
            *_steps(part),
            f"D's loss is {part.d_loss.mean():.2f}; a constant answer has {guessing:.2f}.",
            "G moves faster than D can follow: what D learned of the last samples is wrong of the "
            "next ones, and G learns from a D that is late.",
            "Heusel et al. 2017, arXiv:1706.08500",
            (Change("optimizer.g_lr", 1e-4), Change("balance.d_steps", 2)),
        )


def _swinging(metrics: pd.DataFrame, _alpha: float, _beta: float) -> Iterator[Finding]:
    """D(G(z)) goes up and down from row to row."""
    fake = pd.Series(_column(metrics, "d_fake"))
    window = max(ROWS, len(fake) // 20)
    spread = fake.rolling(window, center=True, min_periods=window // 2).std().to_numpy()
    later = np.arange(len(fake)) >= len(fake) // 4  # every run swings at its start
    for rows in _stretches((spread > SWINGING) & later):
        part = metrics.iloc[rows]
        yield Finding(
            "The players chase each other",
            *_steps(part),
            f"D(G(z)) swings by ±{float(np.nanmedian(spread[rows])):.2f} from row to row.",
            "G moves all its samples to where D is weak, D follows, and so on: often all samples "
            "look alike at a time. Compare the samples of neighboring steps.",
            "Metz et al. 2017, arXiv:1611.02163",
            (
                Change("optimizer.adam_beta1", 0.5),
                Change("collapse.pack", 2),
                Change("collapse.minibatch", "stddev"),
            ),
        )


def _past_its_best(metrics: pd.DataFrame, _alpha: float, _beta: float) -> Iterator[Finding]:
    """The measured distance has risen since its least."""
    if "frechet" not in metrics:
        return
    measured = metrics.dropna(subset=["frechet"])
    if len(measured) < ROWS:
        return
    best = measured.iloc[int(measured.frechet.to_numpy().argmin())]
    after = measured[measured.step > best.step]
    if len(after) < 3 or float(after.frechet.tail(3).min()) < RISEN * float(best.frechet):
        return
    yield Finding(
        "Better before",
        int(after.step.iloc[0]),
        int(after.step.iloc[-1]),
        f"The Fréchet distance was {best.frechet:.1f} at step {int(best.step):,} and is "
        f"{after.frechet.iloc[-1]:.1f}.",
        "The losses do not show it: they say who is ahead, not how good the samples are. The "
        "weights of the best step are kept.",
        "Lucic et al. 2018, arXiv:1711.10337",
        (Change("schedule.lr", "linear"),),
    )


def _no_more_progress(metrics: pd.DataFrame, _alpha: float, _beta: float) -> Iterator[Finding]:
    """The measured distance has not fallen for long: a time to stop."""
    if "frechet" not in metrics:
        return
    measured = metrics.dropna(subset=["frechet"])
    late = max(PATIENCE, math.ceil(PATIENT * len(measured)))
    before, after = measured.iloc[:-late], measured.iloc[-late:]
    if len(before) < 2 or _is_lower(after.frechet.min(), before.frechet.min()):
        return
    if _is_lower(after.frechet.median(), before.frechet.tail(late).median()):
        return  # it goes up and down, and down on the whole
    best = before.iloc[int(before.frechet.to_numpy().argmin())]
    yield Finding(
        "No more progress: a time to stop",
        *_steps(after),
        f"The best distance of the last {late} measurements, {after.frechet.min():.3g}, is not "
        f"{GAIN:.0%} below the best before, {best.frechet:.3g} at step {int(best.step):,}.",
        "Further steps change the samples, and no longer for the better. The weights of the best "
        "step are kept.",
        "Prechelt 1998, Early stopping - but when?",
    )


def _is_lower(value: float, than: float) -> bool:
    """By more than what measurements of the same samples may differ."""
    return value <= (1 - GAIN) * than


def _balanced(metrics: pd.DataFrame) -> Iterator[Finding]:
    """Nobody is far ahead in the second half."""
    part = metrics.iloc[len(metrics) // 2 :]
    real, fake = float(part.d_real.mean()), float(part.d_fake.mean())
    if fake < real < SURE:
        yield Finding(
            "Nobody is far ahead",
            *_steps(part),
            f"D(x) {real:.2f}, D(G(z)) {fake:.2f}: D is ahead and not sure, which G learns from.",
            "That says that the game goes on, not how good the samples are: see the figures.",
            "Goodfellow 2016, arXiv:1701.00160, section 5",
        )


RULES: tuple[Callable[[pd.DataFrame, float, float], Iterator[Finding]], ...] = (
    _saturated,
    _vanished,
    _weak,
    _swinging,
    _past_its_best,
    _by_heart,
    _no_more_progress,
)


def _column(metrics: pd.DataFrame, name: str) -> Array:
    return metrics[name].to_numpy(dtype=np.float64)


def _smooth(values: Array) -> Array:
    window = max(ROWS, len(values) // 20)
    means = pd.Series(values).rolling(window, center=True, min_periods=1).mean()
    return means.to_numpy(dtype=np.float64)


def _stretches(holds: Mask) -> Iterator[slice]:
    """Rows in a row for which a sign holds, where they are enough; a single row between counts."""
    closed = holds.copy()
    closed[1:-1] |= holds[:-2] & holds[2:]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], closed.astype(np.int8), [0]])))
    enough = max(ROWS, round(SHARE * len(holds)))
    for first, behind in zip(edges[::2], edges[1::2], strict=True):
        if behind - first >= enough:
            yield slice(int(first), int(behind))


def _steps(part: pd.DataFrame) -> tuple[int, int]:
    return int(part.step.iloc[0]), int(part.step.iloc[-1])
