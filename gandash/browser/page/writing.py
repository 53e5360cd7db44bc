"""The page: a studio, samples, facts and figures of checkpoints, with all that they need in it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from gandash.browser.opinion import pack_opinion
from gandash.browser.packing import pack
from gandash.browser.page.squeezing import squeezed
from gandash.browser.program import UnsupportedError
from gandash.browser.scripts import joined, style
from gandash.checkpoints import Checkpoint, samples, weights
from gandash.checkpoints.card import Card
from gandash.evaluation import class_directions
from gandash.networks import Generator
from gandash.pictures.raster import encode
from gandash.storage.files import write_whole
from gandash.storage.paths import classifiers_root, runs_root

SCRIPT = "page/in_page.js"
WORKER = "runtime/worker.js"
SAMPLES, COLUMNS = 16, 4
TITLE = "Generators in your browser"
NEEDS_A_SERVER = (
    "What needs more than your browser is left out here: the latent vector of an image of your "
    "own, and the training images nearest to a picture. gandash has them where it runs as a server."
)


@dataclass(frozen=True)
class _Part:
    """One checkpoint of the page."""

    card: Card
    content: bytes  # as the browser reads it
    opinion: bytes | None  # its discriminator, likewise
    toward: list[dict[str, object]]  # directions toward the classes of its data
    samples: bytes  # a WebP grid


class Written(NamedTuple):
    """Bytes of a page, and how many of them are discriminators."""

    total: int
    opinions: int


def facts(card: Card) -> dict[str, Any]:
    """What the studio says of a checkpoint before it is opened."""
    return {
        "name": card.name,
        "title": card.title,
        "latent": card.config.network.latent_dim,
        "shape": card.data.shape,
        "classes": card.data.classes if card.config.labels.told else (),
    }


def write_file(found: Sequence[Checkpoint], path: Path, opinions: Sequence[str] = ()) -> Written:
    """Write all into one HTML file. ``ValueError`` says what cannot be in it."""
    parts = _parts(found, opinions)
    page = _file(parts)
    write_whole(path, page)
    return Written(len(page), sum(len(squeezed(part.opinion)) for part in parts if part.opinion))


def as_file(found: Sequence[Checkpoint], opinions: Sequence[str] = ()) -> bytes:
    """All in one HTML file. ``ValueError`` says what cannot be in it.

    ``opinions`` are the names of those whose discriminator is in it, too.
    """
    return _file(_parts(found, opinions))


def _file(parts: Sequence[_Part]) -> bytes:
    """The page begins as soon as its first weights are there, whatever comes behind them."""
    first, *others = [_inert(f"weights-{part.card.name}", squeezed(part.content)) for part in parts]
    others += [
        _inert(f"opinion-{part.card.name}", squeezed(part.opinion))
        for part in parts
        if part.opinion
    ]
    script = f"{joined(SCRIPT)}\nstartPage();\n"
    tail = [_inert("page-worker", joined(WORKER)), first, _module(script), *others]
    return _html(parts, {}, tail).encode()


def write_folder(
    found: Sequence[Checkpoint], folder: Path, opinions: Sequence[str] = ()
) -> Written:
    """Write the same as files for a static host."""
    parts = _parts(found, opinions)
    networks = {part.card.name: part.content for part in parts}
    judges = {part.card.name: part.opinion for part in parts if part.opinion}
    data: dict[str, Any] = {"worker": "worker.js"}
    files: dict[str, bytes] = {}
    for kind, contents in (("weights", networks), ("opinion", judges)):
        places = {name: _place(content) for name, content in contents.items()}
        data[kind] = places
        files |= {places[name]: content for name, content in contents.items()}
    script = f"{joined(SCRIPT)}\nstartPage();\n"
    files |= {"studio.js": script.encode(), "worker.js": joined(WORKER).encode()}
    tail = ['<script type="module" src="studio.js"></script>']
    files["index.html"] = _html(parts, data, tail).encode()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, content)
    return Written(sum(map(len, files.values())), sum(map(len, judges.values())))


def _place(content: bytes) -> str:
    return f"weights/{hashlib.sha256(content).hexdigest()}.safetensors"


def _parts(found: Sequence[Checkpoint], opinions: Sequence[str]) -> list[_Part]:
    if not found:
        raise ValueError("A page needs at least one checkpoint: name one")
    names = [checkpoint.name for checkpoint in found]
    for name in opinions:
        if name not in names:
            raise ValueError(
                f"D's opinion goes with a generator of the page, and {name!r} is none of them: "
                "name it among the checkpoints, too"
            )
    return [_part(checkpoint, judged=checkpoint.name in opinions) for checkpoint in found]


def _part(checkpoint: Checkpoint, *, judged: bool) -> _Part:
    G = weights.load_generator(checkpoint)
    try:
        content = pack(G)
    except UnsupportedError as error:
        raise ValueError(
            f"A page runs without a server, and the browser cannot run {checkpoint.name!r} "
            f"({error}): leave it out"
        ) from error
    grid = samples.picture(checkpoint, G, 0, SAMPLES, COLUMNS)
    opinion = _opinion(checkpoint, G) if judged else None
    return _Part(checkpoint.card, content, opinion, _toward(checkpoint), encode(grid))


def _opinion(checkpoint: Checkpoint, G: Generator) -> bytes:
    try:
        return pack_opinion(checkpoint, G)
    except UnsupportedError as error:
        raise ValueError(
            f"The browser cannot run the discriminator of {checkpoint.name!r} ({error}): leave "
            "its opinion out"
        ) from error


def _toward(checkpoint: Checkpoint) -> list[dict[str, object]]:
    """Directions toward the classes of a checkpoint's data; none where they cannot be found."""
    if class_directions.why_not(checkpoint, classifiers_root()):
        return []
    *_, found = class_directions.find(runs_root(), checkpoint, classifiers_root())
    assert isinstance(found, class_directions.ClassDirections)
    return found.told(checkpoint.card.data.classes)


def _inert(name: str, text: str) -> str:
    """A script element that is data: nothing runs it."""
    return f'<script type="text/plain" id="{escape(name)}">{_unclosed(text)}</script>'


def _module(script: str) -> str:
    return f'<script type="module" async>{_unclosed(script)}</script>'


def _unclosed(text: str) -> str:
    if "</script" in text.lower():
        raise ValueError("A script in a page must not hold the end of one: write it otherwise")
    return text


def _html(parts: Sequence[_Part], data: dict[str, Any], tail: Sequence[str]) -> str:
    toward = {part.card.name: part.toward for part in parts if part.toward}
    told = [
        facts(part.card) | {"toward": part.card.name in toward, "opinion": bool(part.opinion)}
        for part in parts
    ]
    content = {"checkpoints": told, "toward": toward} | data
    text = json.dumps(content).replace("<", "\\u003c")
    sheets = style("studio/studio.css") + style("page/page.css")
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{TITLE}</title>\n<style>\n{sheets}</style>\n<body>",
            f'<header class="page-head"><h1>{TITLE}</h1><p>Each picture is made here, by your '
            "machine, from a vector of random numbers. Move the point.</p></header>",
            f'<nav class="page-cards" aria-label="Checkpoints">{_each(parts, _card)}</nav>',
            '<main id="studio" class="studio-root"></main>',
            _figures(parts),
            f'<footer class="page-foot">{NEEDS_A_SERVER}</footer>',
            f'<script type="application/json" id="page-data">{text}</script>',
            *tail,
            "</body>\n</html>\n",
        ]
    )


def _each(parts: Sequence[_Part], write: Callable[[_Part], str]) -> str:
    return "".join(write(part) for part in parts)


def _card(part: _Part) -> str:
    picture = base64.b64encode(part.samples).decode()
    title = escape(part.card.title)
    return (
        f'<button type="button" data-checkpoint="{escape(part.card.name)}">'
        f'<img alt="" src="data:image/webp;base64,{picture}"><span>{title}</span></button>'
    )


def _figures(parts: Sequence[_Part]) -> str:
    heads = ("Checkpoint", "Trained on", "Licence of the data", "Training", "Fréchet", "Protocol")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        '<section class="page-figures"><h2>Facts and figures</h2>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{_each(parts, _row)}</tbody></table>"
        "<p>A Fréchet distance can only be compared with another one of the same protocol; less is "
        "nearer to the real images.</p></section>"
    )


def _row(part: _Part) -> str:
    card = part.card
    measured = card.measured
    cells = (
        card.data.title,
        card.data.licence,
        f"{card.epochs:g} epochs",
        measured.shown("frechet") if measured else "not measured",
        str(measured.protocol) if measured else "",
    )
    rest = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(card.title)}</th>{rest}</tr>'
