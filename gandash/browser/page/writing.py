"""The page: a studio, samples, facts and figures of checkpoints, with all that they need in it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from gandash.browser.packing import pack
from gandash.browser.program import UnsupportedError
from gandash.browser.scripts import joined, style
from gandash.checkpoints import Checkpoint, samples, weights
from gandash.checkpoints.card import Card
from gandash.pictures.raster import encode
from gandash.storage.files import write_whole

SCRIPT = ("page/in_page.js", ("startPage",))
WORKER = "runtime/worker.js"
SAMPLES, COLUMNS = 16, 4
TITLE = "Generators in your browser"


@dataclass(frozen=True)
class _Part:
    """One checkpoint of the page."""

    card: Card
    content: bytes  # as the browser reads it
    samples: bytes  # a WebP grid


def facts(card: Card) -> dict[str, Any]:
    """What the studio says of a checkpoint before it is opened."""
    return {
        "name": card.name,
        "title": card.title,
        "latent": card.config.network.latent_dim,
        "shape": card.data.shape,
        "classes": card.data.classes if card.config.labels.told else (),
    }


def write_file(found: Sequence[Checkpoint], path: Path) -> int:
    """Write all into one HTML file; returns its bytes. ``ValueError`` says what cannot be in it."""
    page = as_file(found)
    write_whole(path, page)
    return len(page)


def as_file(found: Sequence[Checkpoint]) -> bytes:
    """All in one HTML file. ``ValueError`` says what cannot be in it."""
    parts = _parts(found)
    inside = [
        _inert(f"weights-{part.card.name}", base64.b64encode(part.content).decode())
        for part in parts
    ]
    script = f"{joined(SCRIPT[0])}\nstartPage();\n"
    tail = [*inside, _inert("page-worker", joined(WORKER)), _module(script)]
    return _html(parts, {"weights": {}}, tail).encode()


def write_folder(found: Sequence[Checkpoint], folder: Path) -> int:
    """Write the same as files for a static host; returns their bytes."""
    parts = _parts(found)
    places = {
        part.card.name: f"weights/{hashlib.sha256(part.content).hexdigest()}.safetensors"
        for part in parts
    }
    files = {places[part.card.name]: part.content for part in parts}
    script = f"{joined(SCRIPT[0])}\nstartPage();\n"
    files |= {"studio.js": script.encode(), "worker.js": joined(WORKER).encode()}
    data = {"weights": places, "worker": "worker.js"}
    tail = ['<script type="module" src="studio.js"></script>']
    files["index.html"] = _html(parts, data, tail).encode()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, content)
    return sum(map(len, files.values()))


def _parts(found: Sequence[Checkpoint]) -> list[_Part]:
    if not found:
        raise ValueError("A page needs at least one checkpoint: name one")
    return [_part(checkpoint) for checkpoint in found]


def _part(checkpoint: Checkpoint) -> _Part:
    G = weights.load_generator(checkpoint)
    try:
        content = pack(G)
    except UnsupportedError as error:
        raise ValueError(
            f"A page runs without a server, and the browser cannot run {checkpoint.name!r} "
            f"({error}): leave it out"
        ) from error
    grid = samples.picture(checkpoint, G, 0, SAMPLES, COLUMNS)
    return _Part(checkpoint.card, content, encode(grid))


def _inert(name: str, text: str) -> str:
    """A script element that is data: nothing runs it."""
    return f'<script type="text/plain" id="{escape(name)}">{_unclosed(text)}</script>'


def _module(script: str) -> str:
    return f'<script type="module">{_unclosed(script)}</script>'


def _unclosed(text: str) -> str:
    if "</script" in text.lower():
        raise ValueError("A script in a page must not hold the end of one: write it otherwise")
    return text


def _html(parts: Sequence[_Part], data: dict[str, Any], tail: Sequence[str]) -> str:
    content = {"checkpoints": [facts(part.card) for part in parts]} | data
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
    measured = card.evaluation
    cells = (
        card.data.title,
        card.data.licence,
        f"{card.epochs:g} epochs",
        measured.shown("frechet") if measured else "not measured",
        str(measured.protocol) if measured else "",
    )
    rest = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(card.title)}</th>{rest}</tr>'
