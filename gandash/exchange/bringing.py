"""A generator of another program as a checkpoint that every page shows."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from datetime import UTC, datetime
from pathlib import Path

from safetensors.torch import save as save_safetensors

from gandash.checkpoints import Card, Checkpoint, load_card
from gandash.checkpoints.card import DataFacts, Imported, write_card
from gandash.checkpoints.weights import GENERATOR
from gandash.config import parse_config
from gandash.exchange.reading import read_tensors
from gandash.exchange.state_dicts import Found, find_generator
from gandash.networks import Generator, build_pair
from gandash.storage.files import write_whole

UNKNOWN = "unknown"


def bring_in(path: Path, folder: Path, title: str = "", licence: str = UNKNOWN) -> Checkpoint:
    """The generator in a file of weights, as a new checkpoint in ``folder``.

    Its discriminator, if the file has one, stays behind: no page asks for it. ``ValueError`` in one
    sentence where it cannot be rebuilt, with nothing left behind.
    """
    found = find_generator(read_tensors(path))
    card = _card(found, path, folder.name, title or path.stem, licence)
    G, _ = build_pair(card.config, card.data.shape)
    assert isinstance(G, Generator)
    found.fill(G)
    draft = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")
    draft.mkdir(parents=True)
    try:
        tensors = {name: tensor.contiguous() for name, tensor in G.state_dict().items()}
        write_whole(draft / GENERATOR, save_safetensors(tensors))
        write_card(draft, card)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Checkpoint(folder, load_card(folder))


def _card(found: Found, path: Path, name: str, title: str, licence: str) -> Card:
    shape = (found.channels, found.size, found.size)
    config = parse_config(
        {
            "data": {"dataset": UNKNOWN, "size": found.size},
            "network": {
                "latent_dim": found.latent_dim,
                "g_width": found.width,
                "g_norm": "batch" if found.normed else "none",
            },
        }
    )
    return Card(
        name=name,
        title=title,
        config=config,
        data=DataFacts(
            name=UNKNOWN, title="Unknown images", licence=licence, images=1, shape=shape
        ),
        step=0,
        epochs=0,
        seconds=0,
        device=UNKNOWN,
        arithmetic=UNKNOWN,
        weights="fp32",
        versions={},
        created=datetime.now(UTC),
        imported=Imported(file=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest()),
    )
