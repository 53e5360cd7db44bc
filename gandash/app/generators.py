"""Networks for the visitor's browser: by name, each with where its weights are.

``generators/NAME`` says what a checkpoint's generator is and which asset holds its weights, or why
the browser cannot run it; ``generators/NAME/sample`` then makes its samples here.
``generators/NAME/nearest`` finds the training images nearest to a picture that the browser made,
``generators/NAME/real`` is any real image.
``discriminators/NAME`` says the same of the discriminator.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from torch import Tensor

from gandash import browser, checkpoints
from gandash.app.assets import STORE, base_path
from gandash.app.hosting import visitors
from gandash.app.hosting.headers import VISITOR
from gandash.app.inference import INFERENCE
from gandash.checkpoints import CARD, Checkpoint, weights
from gandash.data import to_uint8
from gandash.networks import Generator
from gandash.storage.paths import pretrained_root, runs_root

NAME = re.compile(r"[a-z0-9-]{1,100}")
SUFFIX = "safetensors"
NONE = "There is no checkpoint {name!r}: choose another one."
MOST_BYTES = 262_144  # of a picture of 256 pixels with alpha; a latent vector has fewer


def find(name: str) -> Checkpoint:
    """The checkpoint of that name; ``ValueError`` if there is none or its card is damaged."""
    for root in (pretrained_root(), runs_root()):
        folder = root / name
        if NAME.fullmatch(name) and (folder / CARD).is_file():
            return Checkpoint(folder, checkpoints.load_card(folder))
    raise ValueError(NONE.format(name=name[:60]))


def network(checkpoint: Checkpoint) -> Generator:
    """A checkpoint's generator, shared by all visitors."""
    return _load(checkpoint.folder, stamp_of(checkpoint))


def stamp_of(checkpoint: Checkpoint) -> int:
    """What changes with a checkpoint's weights."""
    path = checkpoint.folder / weights.GENERATOR
    return path.stat().st_mtime_ns if path.is_file() else 0


@lru_cache(maxsize=16)
def _load(folder: Path, stamp: int) -> Generator:  # noqa: ARG001 - the cache's key
    return weights.load_generator(Checkpoint(folder, checkpoints.load_card(folder)))


@lru_cache(maxsize=32)
def _packed(folder: Path, stamp: int) -> tuple[bytes | None, str]:
    """The file for the browser, or why there is none."""
    try:
        return browser.pack(_load(folder, stamp)), ""
    except browser.UnsupportedError as error:
        return None, str(error)


@lru_cache(maxsize=16)
def _packed_discriminator(folder: Path, stamp: int) -> tuple[bytes | None, str]:
    """As :func:`_packed`, of the discriminator."""
    checkpoint = Checkpoint(folder, checkpoints.load_card(folder))
    G = _load(folder, stamp)
    try:
        with INFERENCE:
            return browser.pack_opinion(checkpoint, G), ""
    except browser.UnsupportedError as error:
        return None, str(error)


def judges(name: str) -> bool:
    """Whether the browser can run a checkpoint's discriminator."""
    checkpoint = find(name)
    return _packed_discriminator(checkpoint.folder, stamp_of(checkpoint))[0] is not None


def describe_discriminator(name: str) -> dict[str, object]:
    """Where the browser finds a discriminator, or why it cannot run it."""
    checkpoint = find(name)
    content, reason = _packed_discriminator(checkpoint.folder, stamp_of(checkpoint))
    return {
        "weights": None if content is None else STORE.put(content, SUFFIX),
        "reason": reason,
    }


def describe(name: str) -> dict[str, object]:
    """What the browser needs to open a generator."""
    checkpoint = find(name)
    stamp = stamp_of(checkpoint)
    content, reason = _packed(checkpoint.folder, stamp)
    G = _load(checkpoint.folder, stamp)
    return {
        "weights": None if content is None else STORE.put(content, SUFFIX),
        "reason": reason,
        "latent": G.latent_dim,
        "classes": G.classes,
        "shape": G.shape,
    }


def sample(name: str, vector: bytes, label: int) -> bytes:
    """A sample of z (float32 bytes): pixels with alpha, row by row, or a point in float32."""
    checkpoint = find(name)
    G = network(checkpoint)
    if len(vector) != 4 * G.latent_dim:
        raise ValueError(
            f"A latent vector of {name!r} has {G.latent_dim} numbers, not "
            f"{len(vector) / 4:g}: choose one that fits"
        )
    z = torch.from_numpy(np.frombuffer(vector, dtype="<f4").copy())[None]
    labels = torch.tensor([min(label, G.classes - 1)]) if G.classes else None
    with INFERENCE, torch.inference_mode():
        made = G(z, labels)[0]
    if made.dim() == 1:
        return bytes(made.float().numpy().tobytes())
    return pixels_of(made)


def pixels_of(image: Tensor) -> bytes:
    """Pixels with alpha, row by row, of an image (C, S, S) in [-1, 1]."""
    return rows_of(to_uint8(image))


def rows_of(image: Tensor) -> bytes:
    """Pixels with alpha, row by row, of a uint8 image (C, S, S)."""
    opaque = torch.full_like(image[:1], 255)
    pixels = torch.cat([image.expand(3, -1, -1), opaque])
    rows: bytes = pixels.permute(1, 2, 0).contiguous().numpy().tobytes()
    return rows


Handler = Callable[[Request], Awaitable[Response]]


def for_who_may_see(answer: Handler) -> Handler:
    """A route about a checkpoint, for those who may see it; to others it is not there."""

    async def checked(request: Request) -> Response:
        try:
            await run_in_threadpool(_check_seen, request.path_params["name"], _who(request))
        except (ValueError, OSError) as error:
            return sentence(error)
        return await answer(request)

    return checked


def _check_seen(name: str, who: str) -> None:
    checkpoint = find(name)
    if not visitors.may_see(checkpoint.folder, checkpoint.card.config, who):
        raise ValueError(NONE.format(name=name[:60]))


async def _describe(request: Request) -> Response:
    return await _answer(describe, request)


async def _describe_discriminator(request: Request) -> Response:
    return await _answer(describe_discriminator, request)


async def _answer(describing: Callable[[str], dict[str, object]], request: Request) -> Response:
    try:
        return JSONResponse(await run_in_threadpool(describing, request.path_params["name"]))
    except (ValueError, OSError) as error:
        return sentence(error)


def image_shape(checkpoint: Checkpoint) -> tuple[int, int, int]:
    """The shape (C, H, W) of what a checkpoint makes; ``ValueError`` if that is no images."""
    facts = checkpoint.card.data
    if len(facts.shape) != 3:
        raise ValueError(
            f"Pictures are those of a generator of images, and {checkpoint.name!r} makes "
            f"{facts.kind.name}: choose another checkpoint"
        )
    channels, height, width = facts.shape
    return channels, height, width


def picture(checkpoint: Checkpoint, rows: bytes) -> Tensor:
    """Pixels with alpha, row by row, as a uint8 image (C, H, W) of a checkpoint's shape."""
    channels, height, width = image_shape(checkpoint)
    if len(rows) != 4 * height * width:
        raise ValueError(
            f"A picture of {checkpoint.name!r} has {4 * height * width} bytes, not {len(rows)}: "
            "send one that fits"
        )
    pixels = np.frombuffer(rows, np.uint8).reshape(height, width, 4)[..., :channels]
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


async def received(request: Request) -> bytes:
    """What a visitor sends; ``ValueError`` if that is more than a vector or a picture."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise ValueError("A latent vector or a picture is shorter than that: send one.")
    return body


def class_in(request: Request) -> int:
    """The number of the class that a visitor asks for; 0 where that is none."""
    label = request.query_params.get("label", "0")
    return int(label) if label.isdecimal() and len(label) < 6 else 0


async def _sample(request: Request) -> Response:
    number = class_in(request)
    try:
        body = await received(request)
        made = await run_in_threadpool(sample, request.path_params["name"], body, number)
    except (ValueError, OSError) as error:
        return sentence(error)
    return Response(made, media_type="application/octet-stream")


def _who(request: Request) -> str:
    return visitors.name_of(request.cookies.get(VISITOR, ""))


async def _real(request: Request) -> Response:
    from gandash.app import near  # noqa: PLC0415 - as below

    try:
        rows = await run_in_threadpool(near.real, request.path_params["name"], _who(request))
    except (ValueError, OSError) as error:
        return sentence(error)
    headers = {"Cache-Control": "no-store"}
    return Response(rows, media_type="application/octet-stream", headers=headers)


async def _nearest(request: Request) -> Response:
    # What st.cache_data decorates must not be imported before the server has its runtime.
    from gandash.app import near  # noqa: PLC0415

    who = _who(request)
    try:
        rows = await received(request)
        found = await run_in_threadpool(near.answer, request.path_params["name"], rows, who)
    except (ValueError, OSError) as error:
        return sentence(error)
    return JSONResponse(found)


def sentence(error: Exception) -> Response:
    """What went wrong, as an answer."""
    return Response(str(error), status_code=404, media_type="text/plain")


def routes() -> list[Route]:
    """Where the server answers, under the path that it serves the app at."""
    place = f"{base_path()}/generators/{{name}}"
    return [
        Route(place, for_who_may_see(_describe)),
        Route(f"{place}/sample", for_who_may_see(_sample), methods=["POST"]),
        Route(f"{place}/nearest", for_who_may_see(_nearest), methods=["POST"]),
        Route(f"{place}/real", for_who_may_see(_real)),
        Route(f"{base_path()}/discriminators/{{name}}", for_who_may_see(_describe_discriminator)),
    ]
