"""Arms of label smoothing: runs that differ in D's targets, each with all its seeds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import pandas as pd

from gandash import runs
from gandash.app import cached
from gandash.app.kept import Kept
from gandash.app.parts import choose
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.scores import DIGITS, SHARE_DIGITS, Protocol
from gandash.config import Config, LossConfig
from gandash.evaluation import seeds
from gandash.losses.objectives import OBJECTIVES
from gandash.pictures import charts
from gandash.theory import smoothing

SEED = re.compile(r"(?:,? seed |-s)\d+$")  # as shipped titles and names of a group's runs end
MOST_KEPT = 32
Rest = ParamSpec("Rest")
Made = TypeVar("Made")
MOST = 3  # arms that are chosen unasked
DRAWN = (
    "d_excess", "d_real", "d_fake", "real_q50", "fake_q50", "frechet", "precision", "recall",
)  # fmt: skip
AXES = ("step", "epoch", "images", "seconds")
TITLES = {  # of quality, then of diversity
    "frechet": "Fréchet distance", "precision": "Precision", "recall": "Recall",
    "coverage": "Coverage",
}  # fmt: skip


@dataclass(frozen=True)
class Arm:
    """Runs that differ in their seed alone, in the order of their seeds."""

    title: str
    members: Sequence[Checkpoint]

    @property
    def loss(self) -> LossConfig:
        """Its targets."""
        return self.members[0].card.config.loss

    @property
    def seeds(self) -> list[int]:
        """Those of its runs."""
        return [checkpoint.card.config.seed for checkpoint in self.members]

    def of_seed(self, seed: int) -> Checkpoint:
        """The run of a seed."""
        return self.members[self.seeds.index(seed)]


def _stamp(arm: Arm) -> tuple[object, ...]:
    """What is to be seen of an arm is the same while its runs' metrics and figures are."""
    members = [
        (
            it.folder,
            (it.folder / runs.METRICS).stat().st_mtime_ns,
            it.card.evaluation.created if it.card.evaluation else None,
        )
        for it in arm.members
    ]
    return arm.title, *members


def shared(
    make: Callable[Concatenate[tuple[Arm, ...], Rest], Made],
) -> Callable[Concatenate[tuple[Arm, ...], Rest], Made]:
    """Made once for all who look at the same arms; nothing of it may be changed."""
    kept = Kept[Made](MOST_KEPT)

    @wraps(make)
    def made(arms: tuple[Arm, ...], /, *rest: Rest.args, **named: Rest.kwargs) -> Made:
        key = (*map(_stamp, arms), rest, *named.items())
        return kept.get(key, lambda: make(arms, *rest, **named))

    return made


def smoothed(found: Sequence[Checkpoint]) -> dict[str, Checkpoint]:
    """Checkpoints with a cross-entropy objective and metrics: those that smoothing applies to."""
    return {
        checkpoint.name: checkpoint
        for checkpoint in found
        if OBJECTIVES[checkpoint.card.config.loss.objective].cross_entropy
        and (checkpoint.folder / runs.METRICS).is_file()
    }


def by_arm(found: Mapping[str, Checkpoint]) -> dict[Config, list[Checkpoint]]:
    """Runs by what :func:`without_seed` leaves; one run a seed, the first that there is."""
    arms: dict[Config, dict[int, Checkpoint]] = {}
    for checkpoint in found.values():
        config = checkpoint.card.config
        arms.setdefault(without_seed(config), {}).setdefault(config.seed, checkpoint)
    return {shared: [its[seed] for seed in sorted(its)] for shared, its in arms.items()}


def without_seed(config: Config) -> Config:
    """The same for all runs of an arm, wherever they were trained."""
    return config.model_copy(update={"seed": 0, "device": "auto"})


def comparable(found: Mapping[str, Checkpoint]) -> list[str]:
    """First runs of the arms that differ in smoothing and in nothing else, of which there are most
    runs; if there are none, the first run of all.
    """
    families: dict[Config, list[list[Checkpoint]]] = {}
    for shared, members in by_arm(found).items():
        families.setdefault(shared.without_smoothing(), []).append(members)
    several = [arms for arms in families.values() if len(arms) > 1]
    if not several:
        return list(found)[:1]
    largest = max(several, key=lambda arms: sum(map(len, arms)))
    return [members[0].name for members in largest[:MOST]]


def options(found: Mapping[str, Checkpoint], asked: Sequence[str]) -> dict[str, str]:
    """What may be chosen, titles by name: the first run of each arm, and runs that are asked for
    by their own names.
    """
    titles = choose.titles_of(found.values())
    counts = {members[0].name: len(members) for members in by_arm(found).values()}
    offered = {}
    for name, title in titles.items():
        if name in counts:
            several = counts[name] > 1
            offered[name] = f"{SEED.sub('', title)}, {counts[name]} seeds" if several else title
        elif name in asked:
            offered[name] = title
    return offered


def arms_of(names: Sequence[str], found: Mapping[str, Checkpoint]) -> list[Arm]:
    """The arms that runs of these names belong to, in their order, by what tells them apart."""
    everything = by_arm(found)
    chosen: dict[Config, str] = {}
    titles = choose.titles_of(found.values())
    for name in names:
        shared = without_seed(found[name].card.config)
        chosen.setdefault(shared, SEED.sub("", titles[name]))
    start = in_common(list(chosen.values()))
    return [Arm(title[start:], everything[shared]) for shared, title in chosen.items()]


def in_common(titles: Sequence[str]) -> int:
    """The length of the start that several titles share, up to a comma."""
    if len(titles) < 2:
        return 0
    start = ""
    for words in zip(*(title.split(", ") for title in titles), strict=False):
        if len(set(words)) > 1:
            break
        start += f"{words[0]}, "
    return len(start) if all(len(title) > len(start) for title in titles) else 0


def above_floor(checkpoint: Checkpoint) -> pd.DataFrame:
    """The metrics with D's loss measured from the entropy of its targets."""
    loss = checkpoint.card.config.loss
    table = cached.metrics(checkpoint.folder)
    return table.assign(d_excess=table.d_loss - smoothing.entropy_floor(loss.alpha, loss.beta))


def pooled(arm: Arm) -> pd.DataFrame:
    """The metrics of an arm: those of its run, or the mean and spread over its seeds."""
    tables = [above_floor(member) for member in arm.members]
    drawn = [table[[name for name in (*AXES, *DRAWN) if name in table]] for table in tables]
    return charts.pooled(drawn) if len(drawn) > 1 else drawn[0]


@shared
def table_of(arms: tuple[Arm, ...]) -> pd.DataFrame:
    """Targets, floors and equilibria from the formulas, beside the means over the last tenth of
    each run, with their deviation over seeds.
    """
    rows = []
    for arm in arms:
        loss = arm.loss
        ends = [_end(above_floor(member)) for member in arm.members]
        rows.append(
            {
                "Arm": arm.title,
                "Seeds": len(arm.members),
                "Targets (real, fake)": f"{1 - loss.alpha:g}, {loss.beta:g}",
                "Floor of D's loss": smoothing.entropy_floor(loss.alpha, loss.beta),
                "D* at equilibrium": smoothing.equilibrium(loss.alpha, loss.beta),
                "D's loss above floor": spread([it.d_excess.mean() for it in ends]),
                "D(x)": spread([it.d_real.mean() for it in ends]),
                "D(G(z))": spread([it.d_fake.mean() for it in ends]),
                "Size of logits": spread([logit_size(it) for it in ends]),
                "Gradient norm of G": spread([it.g_grad_norm.mean() for it in ends]),
            }
        )
    return pd.DataFrame(rows)


def logit_size(rows: pd.DataFrame) -> float:
    """The mean size of D's logits in the middle of both kinds of samples: |median|."""
    return float((rows.real_q50.abs() + rows.fake_q50.abs()).mean() / 2)


def spread(values: Sequence[float], digits: int = 3) -> str:
    """``mean ± standard deviation`` over seeds; of one, its value."""
    column = pd.Series(values)
    deviation = f" ± {column.std():.{digits}f}" if len(column) > 1 else ""
    return f"{column.mean():.{digits}f}{deviation}"


@shared
def figures(arms: tuple[Arm, ...]) -> tuple[str, dict[str, dict[str, list[float]]]]:
    """How the arms' samples were measured, and the values by figure and arm, one a seed.

    The published figures where all runs have them by one protocol, else the last ones that were
    measured while they trained; empty where these are not to be compared either.
    """
    members = [member for arm in arms for member in arm.members]
    evaluations = [member.card.evaluation for member in members]
    protocols = {it.protocol if it else None for it in evaluations}
    names = list(TITLES)
    if None not in protocols and len(protocols) == 1:
        found = {
            name: {
                arm.title: [float(getattr(it.card.evaluation, name)) for it in arm.members]
                for arm in arms
            }
            for name in names
        }
        return f"Measured on {protocols.pop()}.", found
    return _while_training(arms, names)


def _while_training(
    arms: Sequence[Arm], names: Sequence[str]
) -> tuple[str, dict[str, dict[str, list[float]]]]:
    """The last figures in the metrics of runs that were measured by one protocol."""
    members = [member for arm in arms for member in arm.members]
    protocols: set[Protocol | None] = {runs.read_protocol(member.folder) for member in members}
    if None in protocols or len(protocols) != 1:
        return "", {}
    found: dict[str, dict[str, list[float]]] = {}
    for name in names:
        tables = [[cached.metrics(it.folder) for it in arm.members] for arm in arms]
        if all(charts.measured(table, name) for its in tables for table in its):
            found[name] = {
                arm.title: [float(table[name].dropna().iloc[-1]) for table in its]
                for arm, its in zip(arms, tables, strict=True)
            }
    return f"The last measurement while training: {protocols.pop()}.", found


@shared
def verdicts(arms: tuple[Arm, ...]) -> list[str]:
    """What each figure says of the arms, quality first, and what the size of D's logits does."""
    _, found = figures(arms)
    said = [
        seeds.verdict(TITLES[name], values, DIGITS.get(name, SHARE_DIGITS))
        for name, values in found.items()
    ]
    sizes = {
        arm.title: [logit_size(_end(above_floor(member))) for member in arm.members] for arm in arms
    }
    return [words for words in [*said, seeds.verdict("Size of D's logits", sizes, 2)] if words]


def _end(table: pd.DataFrame) -> pd.DataFrame:
    """The last tenth of a run's rows."""
    return table.tail(max(len(table) // 10, 1))
