"""A doctor for data: what pictures to learn from are like, each of them looked at before a run."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import Field

from gandash.data.contents import Contents, opened
from gandash.data.decoding import Seen, examine
from gandash.data.draws import draw_evenly
from gandash.data.files import File
from gandash.data.framing import crop_loss
from gandash.data.left_out import LeftOut, UnusableError, note
from gandash.data.reading import read_each
from gandash.data.stacking import check_enough
from gandash.records import Section

MOST_COMPARED = 10_000  # pictures: each is compared with every other
MOST_LISTED = 500  # files that are left out, pairs that are alike, classes
LONGEST_NAME = 120  # of a file or class
SIDE = 8  # of the copies that are compared
NEAR = 4.0  # levels out of 255, root mean square over a copy's pixels
UNEVEN = 3.0  # times as many pictures in the largest class as in the smallest
CHUNK = 1000
Tell = Callable[[int, int], None]
"""Is told how many files of how many have been looked at."""


class Pair(Section):
    """Two pictures that are alike: byte for byte, or nearly so."""

    one: str
    other: str
    same: bool


class Look(Section):
    """What was seen of a set of pictures; lengths are in pixels, shares from 0 to 1.

    ``left_out`` lists files and reasons, ``classes`` counts by name, both at most ``MOST_LISTED``;
    ``unused`` and ``class_count`` count all of them, ``class_sizes`` are the least and the largest.
    ``sides`` are the least, the middle and the largest shorter side, ``common`` the width and
    height of most pictures and ``common_share`` their share. ``crop`` is the mean share of pixels
    that a crop loses, ``crop_most`` the largest. ``copies`` counts pictures that are byte for byte
    another one, ``near`` those nearly so, among ``compared`` drawn evenly from all classes.
    """

    title: str
    images: int = Field(ge=2)
    held_out: int = 0
    unused: int = 0
    left_out: tuple[tuple[str, str], ...] = ()
    classes: dict[str, int] = Field(default_factory=dict)
    class_count: int = 0
    class_sizes: tuple[int, int] = (0, 0)
    sides: tuple[int, int, int]
    common: tuple[int, int]
    common_share: float
    crop: float
    crop_most: float
    gray: int
    transparent: int
    copies: int
    near: int
    compared: int
    pairs: tuple[Pair, ...] = ()

    @property
    def note(self) -> str:
        """How many files are used and which are not, in a sentence; empty if all are."""
        listed = [LeftOut(*it) for it in self.left_out]
        return note(self.images + self.held_out, listed, self.unused)

    @property
    def channels(self) -> int:
        """Channels that images are trained with where the color is ``auto``."""
        return 1 if self.gray == self.images else 3

    @property
    def uneven(self) -> bool:
        """Whether the largest class has several times the pictures of the smallest."""
        least, most = self.class_sizes
        return most >= UNEVEN * least > 0


def look(location: Path | bytes, title: str, tell: Tell = lambda _done, _all: None) -> Look:
    """Look at every picture of a folder, zip or array.

    ``ValueError`` in one sentence, which calls it ``title``, if there are no two that can be used.
    """
    with opened(location, repr(title)) as contents:
        if contents is None:
            raise ValueError(
                f"{title!r} must be a folder, a zip or an array (.npy, .npz) of images, and it is "
                "none: check the path"
            )
        return of_contents(contents, title, tell)


def of_contents(contents: Contents, title: str, tell: Tell) -> Look:
    """Look at every picture of what is open; as :func:`look`."""
    total = len(contents.train) + len(contents.test)
    train = _seen(contents.train, lambda done: tell(done, total))
    test = _seen(contents.test, lambda done: tell(len(contents.train) + done, total))
    left_out = [*train.unusable, *test.unusable, *contents.left_out]
    check_enough(repr(title), len(train.files), left_out)
    return _look(train, title, contents.classes, len(test.files), left_out)


@dataclass(frozen=True)
class _Set:
    """Pictures that were looked at, hashes of their files, and what cannot be used."""

    files: list[File]
    seen: list[Seen]
    hashes: list[bytes]
    unusable: list[LeftOut]


def _seen(files: Sequence[File], tell: Callable[[int], None]) -> _Set:
    result = _Set([], [], [], [])

    def work(content: bytes) -> tuple[Seen, bytes]:
        return examine(content), hashlib.sha256(content).digest()

    for number, (file, found) in enumerate(read_each(files, work)):
        if number % 16 == 0:
            tell(number)
        if isinstance(found, UnusableError):
            result.unusable.append(LeftOut(file.name, str(found)))
            continue
        result.files.append(file)
        result.seen.append(found[0])
        result.hashes.append(found[1])
    tell(len(files))
    return result


def _look(
    pictures: _Set, title: str, names: Mapping[str, str], held_out: int, left_out: list[LeftOut]
) -> Look:
    seen = pictures.seen
    classes = [names.get(file.group, "") for file in pictures.files]
    shorter = sorted(min(picture.width, picture.height) for picture in seen)
    losses = [crop_loss(picture.width, picture.height) for picture in seen]
    (common, count), *_ = Counter((it.width, it.height) for it in seen).most_common(1)
    counts = Counter(classes) if names else Counter()
    pairs, copies, near, compared = _alike(pictures, classes)
    return Look(
        title=title,
        images=len(seen),
        held_out=held_out,
        unused=len(left_out),
        left_out=tuple((_short(it.name), it.reason) for it in left_out[:MOST_LISTED]),
        classes={_short(name): counts[name] for name in sorted(counts)[:MOST_LISTED]},
        class_count=len(counts),
        class_sizes=(min(counts.values(), default=0), max(counts.values(), default=0)),
        sides=(shorter[0], shorter[len(shorter) // 2], shorter[-1]),
        common=common,
        common_share=count / len(seen),
        crop=sum(losses) / len(losses),
        crop_most=max(losses),
        gray=sum(picture.gray for picture in seen),
        transparent=sum(picture.transparent for picture in seen),
        copies=copies,
        near=near,
        compared=compared,
        pairs=tuple(pairs[:MOST_LISTED]),
    )


def _alike(pictures: _Set, classes: Sequence[str]) -> tuple[list[Pair], int, int, int]:
    """Pairs that are alike, how many pictures are copies and nearly so, and how many were compared
    for the latter.
    """
    first: dict[bytes, int] = {}
    pairs: list[Pair] = []
    single: list[int] = []
    for place, digest in enumerate(pictures.hashes):
        if (earlier := first.setdefault(digest, place)) == place:
            single.append(place)
        else:
            pairs.append(_pair(pictures, earlier, place, same=True))
    numbers = {name: number for number, name in enumerate(sorted(set(classes)))}
    drawn = draw_evenly(len(single), MOST_COMPARED, [numbers[classes[it]] for it in single])
    places = np.array(single, dtype=np.int64)[drawn]
    copies = len(pairs)
    near = _near(np.stack([pictures.seen[place].small for place in places]))
    pairs += [_pair(pictures, int(places[one]), int(places[it]), same=False) for one, it in near]
    return pairs, copies, len(near), len(places)


def _near(small: npt.NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Pictures (N, S, S, 3) that are nearly an earlier one, each with the nearest such."""
    count, side = small.shape[:2]
    step = side // SIDE
    means = small.reshape(count, SIDE, step, SIDE, step, 3).mean((2, 4), dtype=np.float32)
    rows = means.reshape(count, -1)
    squares = (rows**2).sum(1)
    limit = NEAR**2 * rows.shape[1]
    found: list[tuple[int, int]] = []
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        products = rows[part] @ rows[: start + CHUNK].T
        distances = squares[part, None] + squares[None, : start + CHUNK] - 2 * products
        own = np.arange(start, start + len(distances))[:, None]
        distances[np.arange(distances.shape[1])[None] >= own] = np.inf  # earlier ones alone
        nearest = distances.argmin(1)
        close = distances[np.arange(len(distances)), nearest] <= limit
        found += [(int(nearest[row]), start + int(row)) for row in close.nonzero()[0]]
    return found


def _pair(pictures: _Set, one: int, other: int, *, same: bool) -> Pair:
    names = [_short(pictures.files[place].name) for place in (one, other)]
    return Pair(one=names[0], other=names[1], same=same)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
