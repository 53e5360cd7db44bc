"""One update of one player while a run pauses: what D, or G, makes of the other's present state."""

from __future__ import annotations

from gandash.data import Dataset
from gandash.training.games import game_of
from gandash.training.source import Source
from gandash.training.state import State
from gandash.training.streams import Purpose, Streams

FIRST = 10**12
"""The number of the first such update: beyond those of all steps, and its chance with it."""


def update_alone(state: State, dataset: Dataset, who: str) -> None:
    """Update the player ``who``, D or G, once, on a batch of its own; the step stays what it is.

    What follows from the state is another run from here on, and as much decided by it: chance is
    drawn from the seed and from how many such updates there were.
    """
    config = state.config
    number = FIRST + state.alone
    images = len(dataset)
    order = Streams(config.seed).permutation(Purpose.ORDER, number, images)
    source = Source(config, dataset, state.device, state.arithmetic)
    progress = state.step / config.total_steps(images)
    game_of(state).update_alone(who, source.batch(order[: config.batch_size], number, progress))
    state.alone += 1
