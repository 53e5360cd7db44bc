"""A generator of another program as a checkpoint that every page shows.

What a file may hold is proposed first: every way to rebuild a generator that its shapes leave open,
with samples of each. One is chosen and becomes the checkpoint.
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor

from gandash.checkpoints import Card, Checkpoint, load_card
from gandash.checkpoints.card import DataFacts, Imported, write_card
from gandash.checkpoints.weights import DISCRIMINATOR, GENERATOR
from gandash.config import Config, parse_config
from gandash.exchange import likeness
from gandash.exchange.blocks import RefusedError
from gandash.exchange.discriminators import judge_of
from gandash.exchange.named_layers import Group, groups
from gandash.exchange.reading import read_tensors
from gandash.exchange.readings import Reading, readings
from gandash.exchange.state_dicts import Found, recognized
from gandash.networks import Discriminator, Generator, build_pair
from gandash.networks.planned import generator_of
from gandash.pictures.pixels import to_uint8
from gandash.pictures.raster import Pixels, grid
from gandash.storage.files import write_whole

UNKNOWN = "unknown"
MOST_SHOWN = 12
MOST_GROUPS = 400
COLUMNS = 8
WIDTHS = (4, 1024)  # that a config may name


@dataclass(frozen=True)
class Candidate:
    """One way to rebuild the generator of a file, and samples of it (N, C, S, S) in [-1, 1]."""

    reading: Reading
    samples: Tensor

    @property
    def words(self) -> str:
        """What of it no shape told."""
        return self.reading.words

    def picture(self, count: int = 32) -> Pixels:
        """A grid of samples."""
        return grid(to_uint8(self.samples[:count]), COLUMNS)


@dataclass(frozen=True)
class Proposal:
    """What a file may hold, the likeliest first."""

    file: str
    sha256: str
    candidates: tuple[Candidate, ...]
    group: Group
    groups: tuple[Group, ...]

    def chosen(self, number: int) -> Candidate:
        """A candidate by its number, 1 for the first; ``ValueError`` if there is none such."""
        if not 1 <= number <= len(self.candidates):
            raise ValueError(
                f"choose must be 1 to {len(self.candidates)}, one of the ways to read "
                f"{self.file!r}, not {number}: choose another"
            )
        return self.candidates[number - 1]


def propose(path: Path, name: str = "") -> Proposal:
    """The ways to read a file as a generator; ``ValueError`` names the layer that fits none.

    ``name`` is what its card is to say of where it came from, if not the file's.
    """
    tensors = read_tensors(path)
    return propose_from(tensors, name or path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def propose_from(tensors: Mapping[str, Tensor], file: str, sha256: str) -> Proposal:
    """The ways to read tensors, by their dotted names in the order of ``file``, as a generator."""
    everything = tuple(groups(tensors))[:MOST_GROUPS]
    group, found = _generator(everything)
    ranked = likeness.ranked(found)[:MOST_SHOWN]
    candidates = tuple(Candidate(reading, samples) for reading, samples in ranked)
    return Proposal(file, sha256, candidates, group, everything)


def _generator(proposed: Sequence[Group]) -> tuple[Group, list[Reading]]:
    """The first group that is a generator: an average of one, if there is any."""
    found: list[tuple[Group, list[Reading]]] = []
    refused = RefusedError("the file holds no layers", -1)
    for group in proposed:
        if any(_inside(group, other) for other, _ in found):
            continue
        try:
            found.append((group, readings(group)))
        except RefusedError as error:
            refused = error if error.read > refused.read else refused
    if not found:
        raise ValueError(
            "A generator is needed that begins with a matrix or a transposed convolution of z and "
            f"ends in an image, and there is none: {refused}"
        )
    found.sort(key=lambda it: "ema" not in it[0].prefix.lower())  # an average is meant for use
    return found[0]


def _inside(group: Group, other: Group) -> bool:
    return not other.prefix or group.prefix.startswith(f"{other.prefix}.")


def bring_in(
    path: Path, folder: Path, title: str = "", licence: str = UNKNOWN, choose: int = 1
) -> Checkpoint:
    """The generator in a file of weights, as a new checkpoint in ``folder``.

    ``ValueError`` in one sentence where it cannot be rebuilt, with nothing left behind.
    """
    return keep(propose(path), folder, title or path.stem, licence, choose)


def keep(proposal: Proposal, folder: Path, title: str, licence: str, choose: int) -> Checkpoint:
    """One of the ways to read a file, as a new checkpoint in ``folder``."""
    candidate = proposal.chosen(choose)
    reading = candidate.reading
    judge = judge_of(proposal.groups, reading, candidate.samples)
    found = _dcgan(proposal.group, reading)
    config = _config(reading)
    imported = Imported(
        file=proposal.file,
        sha256=proposal.sha256,
        generator=() if found else reading.plan,
        reading=reading.words,
        discriminator=judge.plan if judge else (),
    )
    if found:
        G, _ = build_pair(config, reading.shape)
        assert isinstance(G, Generator)
        found.fill(G)
    else:
        G = generator_of(reading.plan, reading.shape)
        G.load_state_dict(reading.state(), strict=True)
    card = _card(config, imported, _facts(reading, licence), folder.name, title)
    _write(folder, G, judge.build() if judge else None, card)
    return Checkpoint(folder, load_card(folder))


def _write(folder: Path, G: Generator, D: Discriminator | None, card: Card) -> None:
    draft = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")
    draft.mkdir(parents=True)
    try:
        for file, network in ((GENERATOR, G), (DISCRIMINATOR, D)):
            if network is not None:
                tensors = {name: it.contiguous() for name, it in network.state_dict().items()}
                write_whole(draft / file, save_safetensors(tensors))
        write_card(draft, card)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _dcgan(group: Group, reading: Reading) -> Found | None:
    """The generator as gandash's own DCGAN, if it is one."""
    if not reading.plain:
        return None
    try:
        return recognized(group)
    except ValueError:
        return None


def _config(reading: Reading) -> Config:
    width = max(WIDTHS[0], min(reading.width, WIDTHS[1]))
    return parse_config(
        {
            "data": {"dataset": UNKNOWN, "size": reading.shape[-1]},
            "network": {
                "architecture": "mlp" if reading.matrices_only else "dcgan",
                "latent_dim": reading.latent_dim,
                "g_width": width,
                "g_norm": "batch" if reading.normed else "none",
            },
        }
    )


def _facts(reading: Reading, licence: str) -> DataFacts:
    return DataFacts(
        name=UNKNOWN, title="Unknown images", licence=licence, images=1, shape=reading.shape
    )


def _card(config: Config, imported: Imported, data: DataFacts, name: str, title: str) -> Card:
    return Card(
        name=name,
        title=title,
        config=config,
        data=data,
        step=0,
        epochs=0,
        seconds=0,
        device=UNKNOWN,
        arithmetic=UNKNOWN,
        weights="fp32",
        versions={},
        created=datetime.now(UTC),
        imported=imported,
    )


def sheet(proposal: Proposal) -> Pixels:
    """The candidates' samples in one picture, a row each, in their order."""
    rows = [it.samples[:COLUMNS] for it in proposal.candidates]
    return grid(to_uint8(torch.cat([_rgb_of(row, rows) for row in rows])), COLUMNS)


def _rgb_of(row: Tensor, rows: Sequence[Tensor]) -> Tensor:
    """Samples as large and as colored as those of all rows are at most."""
    side = max(it.shape[-1] for it in rows)
    channels = max(it.shape[1] for it in rows)
    larger = torch.nn.functional.interpolate(row, size=(side, side))
    return larger.expand(-1, channels, -1, -1)
