"""How many samples are measured. Light to import, for those who only ask for it."""

from __future__ import annotations

from dataclasses import dataclass

from gandash.config import MAX_SEED

COUNT = 10_000
LEAST = 1000
SEEDS = 3


@dataclass(frozen=True)
class Draws:
    """Sets of ``count`` samples, of each of ``seeds`` seeds from ``seed`` on."""

    count: int = COUNT
    seed: int = 0
    seeds: int = SEEDS

    def __post_init__(self) -> None:
        if self.count < LEAST:
            raise ValueError(
                f"An evaluation needs at least {LEAST:,} samples, not {self.count}: take more"
            )
        last = self.seed + self.seeds - 1
        if self.seeds < 1 or self.seed < 0 or last > MAX_SEED:
            raise ValueError(
                f"The seeds of an evaluation must be one or more of 0 to {MAX_SEED}, not "
                f"{self.seeds} from {self.seed} on: choose others"
            )


DEFAULT_DRAWS = Draws()
