"""Curves of other programs: events and CSV, whoever wrote them, become columns by step."""

from __future__ import annotations

import importlib
import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from gandash.exchange import event_files, logs


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def event(step: int, time: float, tag: str, value: float, *, tensor: bool = False) -> bytes:
    """An Event as Protocol Buffers write it, of a scalar as torch's or as newer writers have it."""
    number = struct.pack("<f", value)
    held = field(8, b"\x08\x01" + field(5, number)) if tensor else varint(2 << 3 | 5) + number
    message = field(1, field(1, tag.encode()) + held)
    return varint(1 << 3 | 1) + struct.pack("<d", time) + b"\x10" + varint(step) + field(5, message)


def record(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + b"crc1" + content + b"crc2"


VERSION = record(varint(1 << 3 | 1) + struct.pack("<d", 10.0) + field(3, b"brain.Event:2"))


def test_events_become_columns() -> None:
    content = VERSION + b"".join(
        record(event(step, 10.0 + step, tag, value, tensor=step == 300))
        for step in (0, 300)
        for tag, value in (("Loss/D", 1.5), ("Loss/G", 0.5 + step), ("lr", 2e-4))
    )
    table = logs.parse("events.out.tfevents.1.host", content)
    assert table["step"].tolist() == [0, 300]
    assert table["d_loss"].tolist() == [1.5, 1.5]
    assert table["g_loss"].tolist() == [0.5, 300.5]
    np.testing.assert_allclose(table["lr"], 2e-4, rtol=1e-6)
    assert table["seconds"].tolist() == [0, 300]


@pytest.mark.skipif(find_spec("tensorboard") is None, reason="not installed: tensorboard")
def test_what_torchs_own_writer_wrote_is_read_where_tensorboard_is_there(tmp_path: Path) -> None:
    writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter(str(tmp_path))
    values = np.random.RandomState(0).standard_normal(50)
    for step, value in enumerate(values):
        writer.add_scalar("errD", value, step * 1000)
        writer.add_histogram("weights", values, step)
    writer.close()
    (path,) = tmp_path.iterdir()
    table = logs.parse(path.name, path.read_bytes())
    assert table["step"].tolist() == [1000 * step for step in range(50)]
    np.testing.assert_allclose(table["d_loss"], values, rtol=1e-6)


TAGS = {
    "Loss/D": "d_loss", "errD": "d_loss", "loss_discriminator": "d_loss", "D loss": "d_loss",
    "critic/loss": "d_loss", "train/loss_G": "", "gen_loss": "g_loss", "Loss_G": "g_loss",
    "D(x)": "d_real", "D(G(z))": "d_fake", "Metrics/fid50k_full": "frechet", "FID": "frechet",
    "g_loss": "g_loss", "d_grad_norm": "d_grad_norm", "lr": "", "G/path_length": "",
}  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
def test_names_that_many_programs_use_are_known(tag: str) -> None:
    assert logs.column_of(tag) == TAGS[tag]


def test_csv_of_many_kinds() -> None:
    plain = logs.parse("a.csv", b"iter,errD,errG,note\n10,1.5,0.5,warm\n20,1.25,nan,\n")
    assert plain["step"].tolist() == [10, 20]
    assert plain["d_loss"].tolist() == [1.5, 1.25]
    assert "note" not in plain
    board = logs.parse("Loss_D.csv", b"Wall time,Step,Value\n1.5,0,2.0\n2.5,5,1.0\n")
    assert board["d_loss"].tolist() == [2.0, 1.0]
    uncounted = logs.parse("b.csv", b"d_loss,g_loss\n1,2\n3,4\n")
    assert uncounted["step"].tolist() == [0, 1]


def test_what_holds_no_curves_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b"", b"hello", b"\xff\xfe\x00", b"step,a\nx,y\n", VERSION):
        with pytest.raises(ValueError, match=r"'x\.csv'"):
            logs.parse("x.csv", content)
    many = ",".join(f"c{number}" for number in range(61))
    with pytest.raises(ValueError, match="at most 60 curves"):
        logs.parse("x.csv", f"step,{many}\n{'1,' * 61}1\n".encode())
    monkeypatch.setattr(logs, "MOST_BYTES", 3)
    with pytest.raises(ValueError, match="at most 3 bytes"):
        logs.parse("x.csv", b"step,a\n1,2\n")


def test_damaged_events_end_without_an_error() -> None:
    whole = VERSION + record(event(3, 1.0, "errD", 1.0)) * 3
    rng = np.random.RandomState(0)
    for _ in range(300):
        damaged = bytearray(whole)
        for place in rng.randint(len(damaged), size=4):
            damaged[place] = rng.randint(256)
        list(event_files.scalars(bytes(damaged[: rng.randint(1, len(damaged))])))


def test_a_log_is_kept_and_found(tmp_path: Path) -> None:
    kept = logs.keep(tmp_path / "theirs", "run.csv", b"step,errD,lr\n0,1,0.1\n5,2,0.1\n")
    (found,) = logs.find(tmp_path)
    assert found == kept
    table = found.read()
    assert table["d_loss"].tolist() == [1, 2]
    assert table["frechet"].isna().all()
    assert list(table)[-1] == "lr"
    with pytest.raises(ValueError, match="no"):
        logs.keep(tmp_path / "other", "x.csv", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]
