"""TensorBoard's event files, read without TensorBoard: scalars by tag and step.

A file is a row of records: length (8 bytes), a checksum of it (4), that many bytes, a checksum (4).
Each is an Event of Protocol Buffers, of which a few fields are of interest; what else is in it is
passed over. Lengths are taken for what they are only where the file is as long.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # kinds of fields on the wire
MOST_VARINT = 10  # bytes
MARK = b"brain.Event:"  # of the version, in the first record
Field = tuple[int, int | bytes]


@dataclass(frozen=True)
class Scalar:
    """A number under a tag at a step; ``time`` is in seconds since 1970."""

    tag: str
    step: int
    time: float
    value: float


def is_event_file(content: bytes) -> bool:
    """Whether a file is one of TensorBoard's."""
    return MARK in content[:100]


def scalars(content: bytes) -> Iterator[Scalar]:
    """All scalars of an event file in its order; what is cut off at its end is left out."""
    at = 0
    while at + 12 <= len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        start = at + 12
        if length > len(content) - start:
            return
        yield from _of_event(content[start : start + length])
        at = start + length + 4


def _of_event(record: bytes) -> Iterator[Scalar]:
    time, step = 0.0, 0
    summaries: list[bytes] = []
    for number, value in _fields(record):
        if number == 1 and isinstance(value, bytes) and len(value) == 8:
            (time,) = struct.unpack("<d", value)
        elif number == 2 and isinstance(value, int):
            step = value
        elif number == 5 and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for number, value in _fields(summary):
            if number == 1 and isinstance(value, bytes):
                yield from _of_value(value, step, time)


def _of_value(message: bytes, step: int, time: float) -> Iterator[Scalar]:
    tag = ""
    found: float | None = None
    for number, value in _fields(message):
        if number == 1 and isinstance(value, bytes):
            tag = value.decode(errors="replace")
        elif number == 2 and isinstance(value, bytes) and len(value) == 4:
            (found,) = struct.unpack("<f", value)
        elif number == 8 and isinstance(value, bytes):
            found = _of_tensor(value)
    if tag and found is not None:
        yield Scalar(tag, step, time, found)


def _of_tensor(message: bytes) -> float | None:
    """The number in a tensor of one, float or double; None of any other."""
    formats = {1: "<f", 2: "<d"}  # by DataType
    kind, content = 0, b""
    for number, value in _fields(message):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number in (4, 5, 6) and isinstance(value, bytes):  # content, float_val, double_val
            content = value
    wanted = formats.get(kind)
    if wanted is None or len(content) != struct.calcsize(wanted):
        return None
    (number_found,) = struct.unpack(wanted, content)
    return float(number_found)


def _fields(message: bytes) -> Iterator[Field]:
    """Numbers and values of a message's fields: whole numbers, or bytes of all others; it ends
    where the message is damaged.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == BYTES:
            length, at = _varint(message, at)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            return
        if length > len(message) - at:
            return
        yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A whole number of variable length, and where it ends; that of the message if it is cut."""
    value = 0
    for place in range(MOST_VARINT):
        if at + place >= len(message):
            return 0, len(message)
        byte = message[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    return 0, len(message)
