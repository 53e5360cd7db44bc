"""How long a run will take on this machine: a few of its steps, tried in a process of their own.

What does not fit into memory fails there, and not in the server or after hours in the queue.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

import torch
from pydantic import Field

from gandash.config import Config, parse_config
from gandash.data import Dataset
from gandash.jobs import slots
from gandash.jobs.supervisor import environment
from gandash.records import Section, explain
from gandash.storage.memory import PART, free_bytes
from gandash.training.games import game_of
from gandash.training.source import Source
from gandash.training.start import new_state

MOST_SECONDS = 90  # of the whole trial
TRIED_SECONDS, TRIED_STEPS = 3.0, 20


class Timing(Section):
    """Seconds of a step: the median of the ``steps`` that were tried, and the tenth and the ninth
    of ten, between which the machine wavers.
    """

    seconds: float = Field(gt=0)
    low: float
    high: float
    steps: int


def of_step(config: Config, channels: int, classes: int = 0) -> Timing:
    """How long a step of a run takes on images of so many channels, in so many classes.

    Measured on random images beside whatever else the machine does, on up to 20 steps or for 3
    seconds. ``ValueError`` in one sentence if the run cannot be begun, for memory above all.
    """
    asked = json.dumps({"config": config.model_dump(), "channels": channels, "classes": classes})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "gandash.jobs.timing"],
            check=False,
            input=asked,
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
            env=environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(
            f"A step must end within {MOST_SECONDS} s to be measured, and it did not: choose a "
            "smaller batch_size, size or fewer filters"
        ) from error
    answer = done.stdout.strip().rpartition("\n")[2]
    if done.returncode == 0:
        return Timing.model_validate_json(answer)
    if done.returncode == 1 and answer:
        raise ValueError(answer)
    raise ValueError(explain(MemoryError()))  # killed, as systems do with what takes too much


def tried(config: Config, channels: int, classes: int) -> Timing:
    """Try steps in this process; as :func:`of_step`."""
    dataset = _random_images(config, channels, classes)
    state = new_state(config, dataset)
    game = game_of(state)
    source = Source(config, dataset, state.device, state.arithmetic)
    index = torch.arange(config.batch_size)
    seconds: list[float] = []
    start = time.perf_counter()
    while len(seconds) < 2 or (
        len(seconds) < TRIED_STEPS and time.perf_counter() - start < TRIED_SECONDS
    ):
        began = time.perf_counter()
        for number in range(config.batches_per_step):
            game.update(source.batch(index, number))
        next(state.G.parameters()).sum().item()  # waits for the device
        seconds.append(time.perf_counter() - began)
    seconds.sort()
    last = len(seconds) - 1
    return Timing(
        seconds=seconds[last // 2],
        low=seconds[last // 10],
        high=seconds[last - last // 10],
        steps=len(seconds),
    )


def _random_images(config: Config, channels: int, classes: int) -> Dataset:
    count = config.batch_size * config.batches_per_step
    shape = (count, channels, config.data.size, config.data.size)
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    names = tuple(str(number) for number in range(classes))
    labels = torch.arange(count) % classes if classes else None
    return Dataset("random", "random images", "", images, labels, names)


def _limit() -> None:
    """Bound the memory of this process, where the system can."""
    free = free_bytes()
    if free is None or sys.platform != "linux" or torch.cuda.is_available():
        return
    import resource  # noqa: PLC0415 - not on Windows

    resource.setrlimit(resource.RLIMIT_DATA, (int(PART * free), resource.RLIM_INFINITY))


def main() -> int:
    """Answer what stands on standard input."""
    asked = json.load(sys.stdin)
    torch.set_num_threads(slots.threads())  # as the run will have
    _limit()
    try:
        timing = tried(parse_config(asked["config"]), asked["channels"], asked["classes"])
        print(timing.model_dump_json())
    except Exception as error:
        print(explain(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
