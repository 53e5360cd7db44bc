"""Updates played back: on a GPU an update that does the same work every time is recorded once, as a
CUDA graph, and played back whole, which takes one launch in place of some hundred.

What differs between such updates comes through a :class:`Feed`: random numbers, and values that
change from step to step. A recording keeps a place on the device for each, filled anew before it is
played. Whatever else an update reads on the host is what it was when it was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, fields
from typing import Protocol

import torch
from torch import Tensor

from gandash.training.reports import Measured
from gandash.training.source import Batch

WARM_UP = 3  # updates of a kind before it is recorded: libraries and optimizers set themselves up
KEPT = 8  # recordings: each holds the memory of a step

Numbers = Callable[[Batch], Tensor]
Value = Callable[[Batch], float]
Recorder = Callable[[Callable[[], None]], Callable[[], None]]
"""A piece of work to what does it again, on the same places."""


class Feed(Protocol):
    """Where an update gets what is made on the host."""

    def numbers(self, make: Numbers, batch: Batch) -> Tensor:
        """``make(batch)``, a tensor on the CPU, on the device."""
        ...

    def value(self, make: Value, batch: Batch) -> float | Tensor:
        """``make(batch)``: the number, or a tensor () of it on the device."""
        ...


@dataclass(frozen=True)
class Direct:
    """What is made goes straight to the device."""

    device: torch.device

    def numbers(self, make: Numbers, batch: Batch) -> Tensor:
        return make(batch).to(self.device, non_blocking=True)

    def value(self, make: Value, batch: Batch) -> float | Tensor:
        return make(batch)


@dataclass
class Places:
    """Places on the device for what an update asks for, in the order in which it asks."""

    device: torch.device
    all: list[tuple[Tensor, Numbers]] = field(default_factory=list)
    next: int = 0

    def numbers(self, make: Numbers, batch: Batch) -> Tensor:
        if self.next == len(self.all):
            self.all.append((make(batch).to(self.device), make))
        place, _ = self.all[self.next]
        self.next += 1
        return place

    def value(self, make: Value, batch: Batch) -> float | Tensor:
        return self.numbers(lambda batch: torch.tensor(make(batch)), batch)

    def fill(self, batch: Batch) -> None:
        """Put in what this batch's update asks for, once all places are there."""
        self.next = 0
        for place, make in self.all:
            place.copy_(make(batch), non_blocking=True)


Update = Callable[[Batch, Feed], Measured | None]


class Replays:
    """Does updates: as they come, or played back where ``record`` can record them."""

    def __init__(self, device: torch.device, record: Recorder | None = None) -> None:
        self.device = device
        self.record = record
        self.recordings: dict[Hashable, Recording] = {}  # the last used one last

    def update(self, batch: Batch, kind: Hashable | None, update: Update) -> Measured | None:
        """The update of a batch; updates of one ``kind`` do the same work, those of None do not."""
        if self.record is None or kind is None:
            return update(batch, Direct(self.device))
        recording = self.recordings.pop(kind, None) or Recording(self.device, self.record)
        self.recordings[kind] = recording
        if len(self.recordings) > KEPT:
            del self.recordings[next(iter(self.recordings))]
        return recording.update(batch, update)


class Recording:
    """Updates of one kind: the first ones as they come, the others played back."""

    def __init__(self, device: torch.device, record: Recorder) -> None:
        self.places = Places(device)
        self.record = record
        self.seen = 0
        self.batch: Batch | None = None  # in its tensors lie the samples of every later one
        self.play: Callable[[], None] | None = None
        self.measured: dict[str, Tensor] = {}
        self.flat = torch.empty(0)  # what was measured, end to end

    def update(self, batch: Batch, update: Update) -> Measured | None:
        self.seen += 1
        if self.seen < WARM_UP:
            return update(batch, Direct(self.places.device))
        if self.batch is None:
            self.batch = batch
            return update(batch, self.places)
        self._fill(self.batch, batch)
        if self.play is None:
            self.play = self.record(lambda: self._work(update))
        self.play()
        return self._copy()

    def _fill(self, places: Batch, batch: Batch) -> None:
        self.places.fill(batch)
        for name in ("real", "labels", "known"):
            place = getattr(places, name)
            if place is not None:
                place.copy_(getattr(batch, name))

    def _work(self, update: Update) -> None:
        assert self.batch is not None
        measured = update(self.batch, self.places)
        if measured is None:
            return
        named = {it.name: getattr(measured, it.name) for it in fields(Measured)}
        self.measured = {name: value for name, value in named.items() if value is not None}
        self.flat = torch.cat([value.float().reshape(-1) for value in self.measured.values()])

    def _copy(self) -> Measured | None:
        """What was measured, where the next update does not write over it."""
        if not self.measured:
            return None
        sizes = [value.numel() for value in self.measured.values()]
        copies = torch.split(self.flat.clone(), sizes)
        parts = zip(self.measured.items(), copies, strict=True)
        return Measured(**{name: part.view(value.shape) for (name, value), part in parts})


def recorder(device: torch.device) -> Recorder | None:
    """What records updates on a device, where something can."""
    return cuda_graph if device.type == "cuda" else None


def cuda_graph(work: Callable[[], None]) -> Callable[[], None]:
    """Work on the current CUDA device as a CUDA graph; it is not done yet."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay
