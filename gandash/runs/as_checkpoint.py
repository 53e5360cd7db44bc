"""A run as a checkpoint: its card, its weights, a copy to ship; and a copy of what is one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from gandash import checkpoints, data
from gandash.checkpoints import CARD, Card, Checkpoint, DataFacts, weights
from gandash.checkpoints.card import write_card
from gandash.data import Dataset
from gandash.evaluation.while_training import Best
from gandash.networks import build_players
from gandash.records import now
from gandash.runs.folder import DRAFT, PROTOCOL, Run, check_name, read_protocol
from gandash.runs.metrics_file import METRICS, metrics_text
from gandash.runs.saved_state import device_title, load_best, load_state, read_facts
from gandash.runs.snapshots import SNAPSHOTS, read_snapshots
from gandash.storage.files import write_whole
from gandash.training import State


def save_checkpoint(folder: Path, state: State, best: Best | None, card: Card) -> None:
    """The networks of the best step where there is one, else as they stand."""
    if best is None:
        weights.save(folder, state.sampler, state.D, card)
        if state.examples is not None:
            weights.save_examples(folder, state.examples)
        return
    G, D = build_players(state.config, card.data.shape, len(card.data.classes))
    G.load_state_dict(best.G)
    D.load_state_dict(best.D)
    weights.save(folder, G, D, card)


def facts_of(dataset: Dataset) -> DataFacts:
    """What a card tells of the data; ``ValueError`` if it could not, as with too many classes."""
    return DataFacts(
        name=dataset.name,
        title=dataset.title,
        licence=dataset.licence,
        images=len(dataset),
        shape=dataset.shape,
        classes=dataset.classes,
    )


def make_card(
    run: Run, state: State, dataset: Dataset, best: Best | None = None, device: str = ""
) -> Card:
    """The card of a run as it stands, or of its best step.

    ``device`` if that is not the one of this process.
    """
    step, seconds = (best.step, best.seconds) if best else (state.step, state.seconds)
    return Card(
        name=run.name,
        title=run.name,
        config=state.config,
        data=facts_of(dataset),
        step=step,
        last_step=state.step if best else None,
        chosen_on=_chosen_on(run),
        epochs=round(step / state.config.steps_per_epoch(len(dataset)), 3),
        seconds=round(seconds, 1),
        device=device or device_title(state.device),
        arithmetic=str(state.arithmetic),
        weights="fp32",
        versions=checkpoints.package_versions(),
        created=now(),
        alone=state.alone,
    )


def _chosen_on(run: Run) -> Literal["train", "test"]:
    """The split that the best step of a run is chosen on."""
    protocol = read_protocol(run.folder)
    return "test" if protocol is not None and protocol.split == "test" else "train"


def export(
    run: Run, target: Path, title: str, note: str = "", weights: Literal["best", "last"] = "best"
) -> Card:
    """Copy a run's latest state to ``target`` as a half-precision checkpoint with metrics and
    snapshots.

    Of a run that measures itself the networks are those of the best step up to there, unless the
    last are asked for.
    """
    check_name(target.name)
    if not run.resumable:
        raise ValueError(
            f"Only a run with a saved state can be exported, and {run.name!r} has none: train it "
            "first"
        )
    config = run.config()
    dataset = data.load(config.data)
    state = load_state(run, config, dataset)
    best = load_best(run, state) if weights == "best" else None
    card = make_card(run, state, dataset, best, read_facts(run).device).model_copy(
        update={"name": target.name, "title": title, "note": note, "weights": "fp16"}
    )
    with _draft(target) as draft:
        _copy_history(run, draft, state.step)
        save_checkpoint(draft, state, best, card)
    return card


def copy(checkpoint: Checkpoint, target: Path, title: str = "", note: str = "") -> Card:
    """Copy a checkpoint, which is no run, to ``target`` under that name; with another title and
    note if they are given. An earlier copy gives way.
    """
    check_name(target.name)
    if target.resolve() == checkpoint.folder.resolve():
        raise ValueError(
            f"A checkpoint is copied to another place, and {str(target)!r} is its own: choose "
            "another with --to"
        )
    given = {"name": target.name, "title": title, "note": note}
    card = checkpoint.card.model_copy(update={key: it for key, it in given.items() if it})
    with _draft(target) as draft:
        shutil.copytree(checkpoint.folder, draft)
        write_card(draft, card)
    return card


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` to write a checkpoint into, which takes its place when whole."""
    draft = target.parent / f"{DRAFT}{target.name}"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        yield draft
        _move(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy_history(run: Run, folder: Path, last: int) -> None:
    """Metrics, samples and protocol of a run, up to step ``last``."""
    write_whole(folder / METRICS, metrics_text(run.folder, last).encode())
    for step, path in run.snapshots().items():
        if step <= last:
            write_whole(folder / SNAPSHOTS / path.name, path.read_bytes())
    if (protocol := read_protocol(run.folder)) is not None:
        write_whole(folder / PROTOCOL, protocol.model_dump_json(indent=2).encode())


def _move(draft: Path, target: Path) -> None:
    """Put a complete checkpoint in the place of an earlier one.

    There is no card while there are files of both: what is cut off in here is no checkpoint.
    """
    target.mkdir(parents=True, exist_ok=True)
    (target / CARD).unlink(missing_ok=True)
    (target / PROTOCOL).unlink(missing_ok=True)
    for old in read_snapshots(target).values():
        old.unlink()
    files = [path for path in draft.rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda path: path.name == CARD):
        place = target / path.relative_to(draft)
        place.parent.mkdir(exist_ok=True)
        path.replace(place)
