"""What visitors may do, from the environment, checked once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import ValidationError

from gandash.config import Config
from gandash.config.settings import setting
from gandash.networks.footprint import shape_of, usual_bytes
from gandash.records import Section, explain

MANY_CLASSES = 10
PREFIX = "GANDASH_"
PUBLIC = f"{PREFIX}PUBLIC"
GUARDED: Mapping[str, object] = {"training": "off", "uploads": "off", "measuring": False}
"""What ``GANDASH_PUBLIC=1`` changes, where nothing else is said."""


class Limits(Section):
    """What visitors may do; each field is a variable, ``GANDASH_`` and its name in capitals."""

    public: bool = setting(
        False,
        "Public",
        "1: the server is open to strangers; each may change only what is theirs, and training, "
        "uploads and measuring are off unless they are set",
    )
    training: Literal["open", "limited", "off"] = setting(
        "open", "Training", "open; limited by the following; off"
    )
    most_steps: int = setting(5_000, "Steps", "Steps of a run where training is limited", ge=1)
    most_width: int = setting(64, "Width", "Width of either player, likewise", ge=4)
    most_size: int = setting(32, "Size", "Pixels of an image, likewise", ge=16)
    most_batch: int = setting(128, "Batch", "Batch size, likewise", ge=2)
    most_updates: int = setting(
        12,
        "Updates",
        "Updates of D and G in a step with those that are unrolled, for every discriminator, "
        "likewise",
        ge=2,
    )
    most_measurements: int = setting(
        20, "Measurements", "Measurements of samples over a run, likewise", ge=0
    )
    most_memory_gb: float = setting(
        2.0, "Memory", "Gigabytes that a step takes, by estimate, likewise", gt=0
    )
    most_waiting: int = setting(2, "Waiting", "Runs of one visitor that wait or train", ge=1)
    uploads: Literal["open", "private", "off"] = setting(
        "open", "Uploads", "open; private: shown to the visitor's own session alone; off"
    )
    upload_mb: int = setting(100, "Upload", "Megabytes of one upload", ge=1, le=100)
    measuring: bool = setting(
        True, "Measuring", "0: nobody measures a checkpoint or has its training images read"
    )
    films_per_minute: int = setting(
        6, "Films", "Runs of the playground that one visitor may have trained in a minute", ge=0
    )
    storage_gb: float = setting(
        20.0,
        "Storage",
        "Gigabytes of runs on a public server; before a new one the oldest that do not train go",
        gt=0,
    )
    banner: str = setting("", "Banner", "A sentence of yours above every page", max_length=500)
    embed: str = setting(
        "",
        "Embedding",
        "Origins that may show the app in a frame, by spaces (https://school.example), or *; none: "
        "its own alone",
        pattern=r"^(\*|(https?://[\w.:-]+ ?)*)$",
    )

    def check(self, config: Config, waiting: int) -> None:
        """``ValueError`` in one sentence if a visitor who has ``waiting`` runs under way may not
        train this.
        """
        if self.training == "open":
            return
        if self.training == "off":
            raise ValueError("Training is off on this server: run gandash on a machine of your own")
        if waiting >= self.most_waiting:
            raise ValueError(
                f"At most {self.most_waiting} runs of yours may wait or train here, and {waiting} "
                "do: wait until one ends, or stop one"
            )
        self.check_size(config)

    def check_size(self, config: Config) -> None:
        """``ValueError`` in one sentence if a run is larger than one may be where training is
        limited.
        """
        if self.training != "limited":
            return
        network = config.network
        for name, value, most in (
            ("number of steps", config.steps, self.most_steps),
            ("width of G", network.g_width, self.most_width),
            ("width of D", network.d_width, self.most_width),
            ("image size", config.data.size, self.most_size),
            ("batch size", config.batch_size, self.most_batch),
            ("number of updates in a step", _updates(config), self.most_updates),
            ("number of measurements", _measurements(config), self.most_measurements),
            ("memory of a step in GB", _memory_gb(config), self.most_memory_gb),
        ):
            if value is None or value > most:
                raise ValueError(
                    f"The {name} may be at most {most:,} on this server, and it is "
                    f"{'not set: set it' if value is None else f'{value:,}: choose less'}"
                )

    def fitting(self, config: Config) -> dict[str, object]:
        """Settings by their dotted names that bring a run within the bounds of limited training,
        where smaller numbers do.
        """
        if self.training != "limited":
            return {}
        network = config.network
        bounds: dict[str, tuple[int | None, int]] = {
            "steps": (config.steps, self.most_steps),
            "network.g_width": (network.g_width, self.most_width),
            "network.d_width": (network.d_width, self.most_width),
            "data.size": (config.data.size, self.most_size),
            "batch_size": (config.batch_size, self.most_batch),
        }
        return {
            name: most for name, (value, most) in bounds.items() if value is None or value > most
        }


def _updates(config: Config) -> int:
    """How often a player is updated in a step, imagined updates of D included."""
    balance = config.balance
    imagined = balance.discriminators * config.collapse.unroll_steps
    return balance.discriminators * balance.d_steps + balance.g_steps * (1 + imagined)


def _measurements(config: Config) -> int:
    """How often samples are measured over a run; of one without steps, which is refused, 0."""
    return (config.steps or 0) // config.evaluate_every if config.evaluate_every else 0


def _memory_gb(config: Config) -> float:
    """What a step takes on color images, or points, by estimate."""
    return round(usual_bytes(config, shape_of(config, 3), MANY_CLASSES) / 1e9, 1)


def read(environment: Mapping[str, str]) -> Limits:
    """The limits that an environment asks for; ``ValueError`` in one sentence if it is wrong."""
    given: dict[str, object] = {
        name: environment[PREFIX + name.upper()]
        for name in Limits.model_fields
        if environment.get(PREFIX + name.upper())
    }
    try:
        public = Limits.model_validate({"public": given.get("public", False)}).public
        return Limits.model_validate({**(GUARDED if public else {}), **given})
    except ValidationError as error:
        raise ValueError(f"The environment's {PREFIX}… variables: {explain(error)}") from error


@cache
def limits() -> Limits:
    """Those of this server."""
    return read(os.environ)
