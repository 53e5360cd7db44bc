"""What changes over a run, as functions of how far it is: from 0 at its start to 1 at its end."""

from __future__ import annotations

from math import cos, pi

from gandash.config import ScheduleConfig


def lr_share(schedule: ScheduleConfig, progress: float) -> float:
    """What both learning rates are multiplied with: 1, then falling to ``lr_to``.

    Along a line (as Miyato et al. 2018, arXiv:1802.05957) or along half a cosine (Loshchilov and
    Hutter 2017, arXiv:1608.03983).
    """
    if schedule.lr == "none" or progress <= schedule.lr_from:
        return 1.0
    way = (progress - schedule.lr_from) / (1 - schedule.lr_from)
    left = 1 - way if schedule.lr == "linear" else _half_cosine(way)
    return schedule.lr_to + (1 - schedule.lr_to) * left


def gamma_share(schedule: ScheduleConfig, progress: float) -> float:
    """What R1's and R2's weights are multiplied with: from 1 to ``gamma_to`` over the burn-in."""
    if not schedule.burn_in:
        return 1.0
    return schedule.gamma_to + (1 - schedule.gamma_to) * _burn_in(schedule, progress)


def beta2(schedule: ScheduleConfig, start: float, progress: float) -> float:
    """Adam's second-moment decay: from ``start`` to ``beta2_to`` over the burn-in, in steps of
    0.001 (a recorded update has it as a constant: see :mod:`gandash.training.replay`).
    """
    if not schedule.burn_in:
        return start
    end = schedule.beta2_to
    return round(end + (start - end) * _burn_in(schedule, progress), 3)


def level(schedule: ScheduleConfig, last: int, progress: float) -> float:
    """How far a growing pair of sizes 0 to ``last`` has grown: up to ``grown`` of the run each size
    stands alone and is then, for as long, joined by the next (Karras et al. 2018, arXiv:1710.10196,
    section 2 and figure 2).
    """
    phases = 2 * last * progress / schedule.grown
    if phases >= 2 * last:
        return float(last)
    whole = int(phases)
    fading = phases - whole if whole % 2 else 0.0
    return whole // 2 + fading


def _burn_in(schedule: ScheduleConfig, progress: float) -> float:
    return _half_cosine(min(progress / schedule.burn_in, 1.0))


def _half_cosine(way: float) -> float:
    """From 1 to 0 as ``way`` goes from 0 to 1."""
    return (1 + cos(pi * way)) / 2
