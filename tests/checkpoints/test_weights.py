"""Checkpoints: round trips, damage told in one sentence, and every checkpoint that ships."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from gandash import latent, runs
from gandash.checkpoints import CARD, Card, Checkpoint, DataFacts, find, load_card, package_versions
from gandash.checkpoints.card import (
    LONGEST_CLASS,
    MAX_CARD_BYTES,
    MOST_CLASSES,
    write_card,
)
from gandash.checkpoints.weights import (
    DISCRIMINATOR,
    GENERATOR,
    load_discriminator,
    load_examples,
    load_generator,
    load_players,
    save,
)
from gandash.config import Config, DataConfig, NetworkConfig
from gandash.data import to_unit
from gandash.kinds import IMAGES, PAIRS
from gandash.networks import Discriminator, Ensemble, Generator, Translator, build_pair
from gandash.networks.layers import pack
from gandash.records import now
from gandash.runs import execution
from gandash.storage.paths import PROJECT

CONFIG = Config(data=DataConfig(size=16), network=NetworkConfig(latent_dim=6, g_width=4, d_width=5))
SHAPE = (1, 16, 16)


def pair() -> tuple[Generator, Discriminator | Ensemble]:
    """Networks with batch-norm statistics that are not those of fresh ones."""
    G, D = build_pair(CONFIG, SHAPE)
    with torch.no_grad():
        D(G(latent.draw(0, 32, 6)))
    return G, D


def facts(classes: tuple[str, ...] = ()) -> DataFacts:
    return DataFacts(
        name="mnist", title="MNIST", licence="CC", images=6000, shape=SHAPE, classes=classes
    )


def card(name: str, **changes: object) -> Card:
    values: dict[str, object] = {
        "name": name,
        "title": "A title",
        "config": CONFIG,
        "data": facts(),
        "step": 10,
        "epochs": 0.5,
        "seconds": 1.5,
        "device": "CPU",
        "arithmetic": "fp32",
        "weights": "fp32",
        "versions": package_versions(),
        "created": now(),
    }
    return Card.model_validate(values | changes)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A good checkpoint's folder."""
    folder = tmp_path / "good"
    save(folder, *pair(), card("good"))
    return folder


def sentence_of(action: Callable[[], object]) -> str:
    """The one line that a damaged checkpoint is refused with."""
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        action()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000
    return str(caught.value)


@pytest.mark.parametrize(("weights", "tolerance"), [("fp32", 0.0), ("fp16", 2**-11)])
def test_round_trip(tmp_path: Path, weights: str, tolerance: float) -> None:
    G, D = pair()
    written = card("mine", weights=weights, note="A note.")
    save(tmp_path / "mine", G, D, written)
    (found,), broken = find(tmp_path)
    assert not broken
    assert found == Checkpoint(tmp_path / "mine", written)
    for original, loaded in (
        (G, load_generator(found)),
        (D, load_discriminator(found)),
    ):
        assert not loaded.training
        assert all(p.dtype == torch.float32 and not p.requires_grad for p in loaded.parameters())
        for name, tensor in original.state_dict().items():
            torch.testing.assert_close(
                loaded.state_dict()[name], tensor, rtol=tolerance, atol=1e-7 * bool(tolerance)
            )
    z = latent.draw(1, 4, 6)
    with torch.no_grad():
        images, expected = load_generator(found)(z), G.eval()(z)
    torch.testing.assert_close(images, expected, rtol=0, atol=4 * tolerance)


def test_half_precision_halves_the_files(tmp_path: Path) -> None:
    for weights in ("fp16", "fp32"):
        save(tmp_path / weights, *pair(), card(weights, weights=weights))
    half, full = (load_file(tmp_path / name / GENERATOR) for name in ("fp16", "fp32"))
    assert {t.dtype for t in half.values()} == {torch.float16, torch.int64}
    assert {t.dtype for t in full.values()} == {torch.float32, torch.int64}


def test_the_card_is_written_last(tmp_path: Path) -> None:
    """So that a folder with a card is complete."""
    (tmp_path / "mine" / DISCRIMINATOR).mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        save(tmp_path / "mine", *pair(), card("mine"))
    assert (tmp_path / "mine" / GENERATOR).is_file()
    assert not (tmp_path / "mine" / CARD).exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'{"format": 1}',
        b"[" * 100_000,
        b'{"format": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_damaged_card_is_refused(saved: Path, content: bytes) -> None:
    (saved / CARD).write_bytes(content)
    sentence = sentence_of(lambda: load_card(saved))
    assert sentence.startswith("The card of 'good' is damaged: ")
    assert sentence.endswith("Restore card.json from a copy, or move the folder away")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("weights", "int4"),
        ("epochs", -1),
        ("step", "many"),
        ("created", "yesterday"),
        ("surprise", "x" * 10_000),
        ("seconds", float("inf")),
        ("epochs", float("nan")),
        ("seconds", 1e308),
        ("step", 10**30),
        ("title", "x" * 5000),
        ("data", {"images": 1}),
        ("data", {"images": 127}),
        ("data", {"classes": ["a"] * 20_001}),
        ("data", {"classes": ["a" * 256]}),
        ("data", {"shape": [2, 16, 16]}),
        ("data", {"shape": [1, 16, 32]}),
        ("data", {"shape": [1, 48, 48]}),
        ("data", {"shape": [16, 16]}),
        ("data", {"shape": [4]}),
        ("data", {"shape": []}),
        ("config", {"data": {"size": 17}}),
        ("config", {"loss": {"objective": "unheard-of"}}),
    ],
)
def test_a_card_with_a_bad_value_is_refused(saved: Path, field: str, value: object) -> None:
    content = json.loads((saved / CARD).read_text())
    content[field] = content[field] | value if isinstance(value, dict) else value
    (saved / CARD).write_text(json.dumps(content))
    assert " is damaged: " in sentence_of(lambda: load_card(saved))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """The most classes of the longest names, each character of which takes six in JSON; and a card
    that would be refused is not written in the first place."""
    names = tuple(f"{number:05d}".ljust(LONGEST_CLASS, "\x01") for number in range(MOST_CLASSES))
    largest = card("mine", data=facts(classes=names))
    write_card(tmp_path / "mine", largest)
    assert load_card(tmp_path / "mine") == largest
    changed = largest.model_copy(update={"title": "x" * 5000})
    assert " is damaged: title should have at most" in sentence_of(
        lambda: write_card(tmp_path / "mine", changed)
    )
    assert load_card(tmp_path / "mine") == largest


def test_a_time_without_a_zone_is_in_utc(saved: Path) -> None:
    content = json.loads((saved / CARD).read_text())
    moments = []
    for text in ("2026-01-02T03:04:05", "2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00"):
        (saved / CARD).write_text(json.dumps(content | {"created": text}))
        moments.append(load_card(saved).created)
    assert moments == [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)] * 3
    (saved / CARD).write_text(json.dumps(content | {"created": "0001-01-01T00:00:00+05:00"}))
    assert "within the years 1 to 9999" in sentence_of(lambda: load_card(saved))


def test_a_card_that_is_a_pipe_is_not_waited_for(saved: Path) -> None:
    (saved / CARD).unlink()
    os.mkfifo(saved / CARD)
    assert sentence_of(lambda: load_card(saved)).startswith("The card.json of 'good' is not a file")


def test_a_card_of_another_name_is_refused(saved: Path) -> None:
    folder = saved.rename(saved.with_name("moved"))
    sentence = sentence_of(lambda: load_card(folder))
    assert sentence == (
        "A card's name must be that of its folder, but 'good' stands in 'moved': rename one of them"
    )


def test_a_huge_card_is_refused_unread(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (saved / CARD).open("r+b") as file:
        file.truncate(MAX_CARD_BYTES + 1)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("it was read"))
    assert "may hold at most 32,000,000 bytes" in sentence_of(lambda: load_card(saved))


class Evil:
    """Unpickling this would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def flip_header(path: Path) -> None:
    path.write_bytes(b"\xff" * 16 + path.read_bytes()[16:])


def other_shapes(path: Path) -> None:
    wider = CONFIG.model_copy(update={"network": CONFIG.network.model_copy(update={"g_width": 8})})
    save_file(build_pair(wider, SHAPE)[0].state_dict(), path)


def other_size(path: Path) -> None:
    save_file(build_pair(CONFIG, (1, 32, 32))[0].state_dict(), path)


def one_missing(path: Path) -> None:
    tensors = load_file(path)
    del tensors["layers.0.0.weight"]
    save_file(tensors, path)


def one_too_many(path: Path) -> None:
    save_file(load_file(path) | {"extra": torch.zeros(1)}, path)


def a_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(Evil(path.with_name("evil"))))


def a_torch_file(path: Path) -> None:
    torch.save({"weights": Evil(path.with_name("evil"))}, path)


def removed(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = [
    truncate, flip_header, other_shapes, other_size, one_missing, one_too_many, a_pickle,
    a_torch_file, removed,
    a_folder,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_weights_are_refused(saved: Path, damage: Callable[[Path], None]) -> None:
    damage(saved / GENERATOR)
    found = Checkpoint(saved, load_card(saved))
    sentence = sentence_of(lambda: load_generator(found))
    assert sentence.startswith("The generator.safetensors of 'good' ")
    assert sentence.endswith("restore it from a copy, or move the folder away")
    assert not (saved / "evil").exists()
    load_discriminator(found)


def test_find_reports_the_broken_and_goes_on(saved: Path, tmp_path: Path) -> None:
    save(tmp_path / "also-good", *pair(), card("also-good"))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / CARD).write_text("{")
    (tmp_path / "no-card").mkdir()
    (tmp_path / "a-file").write_text("no folder")
    found, broken = find(tmp_path, tmp_path / "nowhere")
    assert [checkpoint.name for checkpoint in found] == ["also-good", "good"]
    assert [problem.folder.name for problem in broken] == ["bad"]
    assert "is damaged" in broken[0].reason


def test_of_two_with_one_name_the_earlier_folder_wins(tmp_path: Path) -> None:
    for root in ("a", "b"):
        save(tmp_path / root / "same", *pair(), card("same", title=root))
    save(tmp_path / "b" / "first", *pair(), card("first"))
    for roots in (("a", "b"), ("b", "a")):
        found, broken = find(*(tmp_path / root for root in roots))
        assert [c.name for c in found] == ["first", "same"]
        assert found[1].card.title == roots[0]
        assert not broken


# What ships

SHIPPED = sorted(path.parent for path in (PROJECT / "pretrained").glob(f"*/{CARD}"))
# Epochs that a run trained longer was planned for before, and up to which step; its snapshots are
# spaced by these.
EARLIER_PLANS = {"cifar10-sn-hinge": ((40, 15_600), (80, 22_780))}


@pytest.mark.parametrize("folder", [pytest.param(folder, id=folder.name) for folder in SHIPPED])
def test_a_shipped_checkpoint_is_complete(folder: Path) -> None:
    found = Checkpoint(folder, load_card(folder))
    about = found.card
    assert all(
        (
            about.title,
            about.note,
            about.data.licence,
            about.device,
            about.arithmetic,
            about.versions,
        )
    )
    assert about.step > 0
    assert about.epochs == pytest.approx(
        about.step / about.config.steps_per_epoch(about.data.images), abs=1e-3
    )
    if about.config.translation.on:
        _check_translator(found)
        return
    G, D = load_generator(found), load_discriminator(found)
    with torch.no_grad():
        labels = latent.classes_in_turn(64, G.classes) if G.classes else None
        images = G(latent.draw(0, 64, G.latent_dim), labels)
        logits = D(pack(images, about.config.collapse.pack), labels)
    assert images.shape == (64, *about.data.shape)
    assert torch.isfinite(images).all()
    assert torch.isfinite(logits).all()
    if "failure" not in folder.name:
        assert float(images.std(0).mean()) > 0.1, "samples must differ from one another"
        assert float(images.max()) > 0.5 > -0.5 > float(images.min())


def _check_translator(found: Checkpoint) -> None:
    G, D = load_players(found)
    assert isinstance(G, Translator)
    pairs = load_examples(found)
    source, target = to_unit(pairs).unbind(1)
    with torch.no_grad():
        made = G(source)
        seen = made if G.back else torch.cat([source, made], 1)
        logits = D(seen)
    assert len(pairs) == PAIRS.snapshot
    assert torch.isfinite(logits).all()
    assert (made - target).abs().mean() < 0.5 * (source - target).abs().mean()


@pytest.mark.parametrize("folder", [pytest.param(folder, id=folder.name) for folder in SHIPPED])
def test_a_shipped_checkpoint_has_its_history(folder: Path) -> None:
    about = load_card(folder)
    metrics, last = runs.read_metrics(folder), about.last_step or about.step
    assert len(metrics) >= 20
    assert metrics.step.is_monotonic_increasing
    assert metrics.step.iloc[-1] == last
    sometimes = [
        name
        for name in (
            "d_accuracy",
            "frechet",
            "precision",
            "recall",
            "d_train",
            "d_held_out",
            "augment_p",
            "distance",
            "d_prior",
            "d_code",
            "z_std",
            "size",
            *(f"{who}_sigma{number}" for who in "gd" for number in range(3)),
        )
        if name in metrics
    ]
    assert np.isfinite(metrics.drop(columns=sometimes).to_numpy(dtype=float)).all()
    if about.config.evaluate_every:
        measured = metrics.dropna(subset=["frechet", "precision", "recall"])
        assert len(measured) >= last // about.config.evaluate_every
        assert not about.last_step or measured.set_index("step").frechet.idxmin() == about.step
    assert metrics[["d_real", "d_fake"]].stack().between(0, 1).all()
    snapshots = runs.read_snapshots(folder)
    due: list[int] = []
    for epochs, end in (*EARLIER_PLANS.get(folder.name, ()), (about.config.epochs, last)):
        plan = about.config.model_copy(update={"epochs": epochs})
        begin = due[-1] if due else -1
        due += [step for step in plan.snapshot_steps(about.data.images) if begin < step <= end]
    assert list(snapshots) == due
    side = about.config.data.size
    for path in snapshots.values():
        with Image.open(path) as image:
            if about.config.translation.on:  # an example after another, its images side by side
                assert image.size[0] == side * 6
                assert image.size[1] * 6 in (side * 3 * 16, side * 6 * 16)
            else:
                assert image.size == (
                    side * execution.SNAPSHOT_COLUMNS,
                    side * IMAGES.snapshot // execution.SNAPSHOT_COLUMNS,
                )
            image.load()
