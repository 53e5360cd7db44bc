"""What takes a few seconds, once a checkpoint: answers that say how far they are while they come.

``generators/NAME/classes`` are the directions toward the classes of the data,
``generators/NAME/projection`` is the latent vector of a picture that is sent. An answer is lines of
JSON: ``step`` and ``steps``, and last what was asked for, or a ``problem`` in one sentence.
"""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Generator, Iterable, Iterator

import torch
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gandash.app.assets import base_path
from gandash.app.generators import (
    class_in,
    find,
    for_who_may_see,
    network,
    picture,
    received,
    sentence,
)
from gandash.app.hosting import limits
from gandash.checkpoints import Checkpoint, weights
from gandash.evaluation import class_directions
from gandash.evaluation.progress import Progress
from gandash.latent.projection import Features, project
from gandash.storage.paths import classifiers_root, runs_root

COMPUTING = threading.Lock()  # one at a time: more would only wait for one another
PATIENCE = 0.5  # seconds between two words to those who wait
Line = dict[str, object]


def classes_of(name: str) -> Iterator[Line]:
    """The directions of a checkpoint toward the classes of its data, in parts."""
    checkpoint = find(name)
    names = checkpoint.card.data.classes
    for item in class_directions.find(runs_root(), checkpoint, classifiers_root()):
        if isinstance(item, Progress):
            yield {"step": item.step, "steps": item.steps}
            continue
        yield {"classes": item.told(names)}


def projection_of(name: str, rows: bytes, label: int) -> Iterator[Line]:
    """The vector of the picture ``rows`` (pixels with alpha), ever better; nothing is kept."""
    checkpoint = find(name)
    image = picture(checkpoint, rows)
    G = network(checkpoint)
    asked = min(label, G.classes - 1) if G.classes else None
    features, note = features_of(checkpoint, asked)
    for found in project(G, image, asked, features):
        line: Line = {
            "z": [round(value, 6) for value in found.z.tolist()],
            "decibels": round(found.decibels, 2),
            "at_start": round(found.at_start, 2),
        }
        yield line | {"step": found.step, "steps": found.steps}
    yield line | {"note": note}


def features_of(checkpoint: Checkpoint, label: int | None) -> tuple[Features | None, str]:
    """What a checkpoint's D makes of images before it judges them, if it has one that judges each
    for itself, and a sentence where it has one that cannot be read.
    """
    if not (checkpoint.folder / weights.DISCRIMINATOR).is_file():
        return None, ""
    if checkpoint.card.config.collapse.pack > 1:
        return None, ""
    try:
        D = weights.load_discriminator(checkpoint)
    except (ValueError, OSError) as error:
        return None, f"Looked for by pixels alone: {error}"
    (member, *_) = D.members
    labels = torch.tensor([label]) if label is not None and member.classes else None
    return lambda images: member.features(images, labels), ""


def lines(items: Iterable[Line]) -> Generator[bytes]:
    """Lines of JSON; those who wait for others are told so, and what goes wrong is the last one."""
    try:
        while not COMPUTING.acquire(timeout=PATIENCE):
            yield _line({"step": 0, "steps": 1})
        try:
            yield from map(_line, items)
        finally:
            COMPUTING.release()
    except (ValueError, OSError) as error:
        yield _line({"problem": str(error)})


def _line(item: Line) -> bytes:
    return json.dumps(item).encode() + b"\n"


async def _classes(request: Request) -> Response:
    return told(request, classes_of(request.path_params["name"]))


async def _projection(request: Request) -> Response:
    try:
        if limits().uploads == "off":
            raise ValueError("Images are not taken in on this server: run gandash on your own")
        rows = await received(request)
    except ValueError as error:
        return sentence(error)
    items = projection_of(request.path_params["name"], rows, class_in(request))
    return told(request, items)


def told(request: Request, items: Iterable[Line]) -> Response:
    """An answer in parts, of which a proxy is asked to hold none back."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    content = _while_heard(request, lines(items))
    return StreamingResponse(content, media_type="application/x-ndjson", headers=headers)


async def _while_heard(request: Request, items: Generator[bytes]) -> AsyncIterator[bytes]:
    """The lines, until the visitor leaves: nobody is told by the server, so it has to be asked."""
    try:
        async for line in iterate_in_threadpool(items):
            if await request.is_disconnected():
                return
            yield line
    finally:
        items.close()


def routes() -> list[Route]:
    """Where the server answers, under the path that it serves the app at."""
    place = f"{base_path()}/generators/{{name}}"
    return [
        Route(f"{place}/classes", for_who_may_see(_classes)),
        Route(f"{place}/projection", for_who_may_see(_projection), methods=["POST"]),
    ]
