"""Translators for the visitor's browser: ``translators/NAME/WAY`` says where the weights of one
direction are (``there``, or ``back`` where both were learned), or why the browser cannot run it;
``translators/NAME/WAY/sample`` then translates here.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from torch import Tensor, nn

from gandash import browser, checkpoints
from gandash.app.assets import STORE, base_path
from gandash.app.generators import (
    SUFFIX,
    find,
    for_who_may_see,
    pixels_of,
    received,
    sentence,
    stamp_of,
)
from gandash.app.inference import INFERENCE
from gandash.checkpoints import Checkpoint, weights
from gandash.networks import Translator

WAYS = ("there", "back")


@lru_cache(maxsize=8)
def _load(folder: Path, stamp: int) -> Translator:  # noqa: ARG001 - the cache's key
    return weights.load_translator(Checkpoint(folder, checkpoints.load_card(folder)))


@lru_cache(maxsize=16)
def _packed(folder: Path, stamp: int, way: str, shape: tuple[int, ...]) -> tuple[bytes | None, str]:
    """The file for the browser, or why there is none."""
    try:
        with INFERENCE:
            return browser.pack_translator(_network(_load(folder, stamp), way), shape), ""
    except browser.UnsupportedError as error:
        return None, str(error)


def _network(G: Translator, way: str) -> nn.Module:
    network = G.back if way == "back" else G.there
    if network is None or way not in WAYS:
        raise ValueError(f"A translator goes there, or also back, not {way[:60]!r}: choose there.")
    return network


def describe(name: str, way: str) -> dict[str, object]:
    """What the browser needs to open one direction of a translator."""
    checkpoint = find(name)
    shape = checkpoint.card.data.shape[1:]
    content, reason = _packed(checkpoint.folder, stamp_of(checkpoint), way, shape)
    return {
        "weights": None if content is None else STORE.put(content, SUFFIX),
        "reason": reason,
        "latent": torch.Size(shape).numel(),
        "classes": 0,
        "shape": shape,
    }


def translate(name: str, way: str, image: bytes) -> bytes:
    """The translation of an image (S, S, C) in float32 bytes of [-1, 1]: pixels with alpha."""
    checkpoint = find(name)
    channels, side, _ = checkpoint.card.data.shape[1:]
    if len(image) != 4 * channels * side * side:
        raise ValueError(
            f"An image for {name!r} has {channels * side * side:,} numbers, not "
            f"{len(image) / 4:,g}: choose one that fits"
        )
    network = _network(_load(checkpoint.folder, stamp_of(checkpoint)), way)
    given = torch.from_numpy(np.frombuffer(image, dtype="<f4").copy())
    seen = given.view(1, side, side, channels).permute(0, 3, 1, 2).clamp(-1, 1)
    with INFERENCE, torch.inference_mode():
        made: Tensor = network(seen)[0]
    return pixels_of(made)


async def _describe(request: Request) -> Response:
    name, way = request.path_params["name"], request.path_params["way"]
    try:
        return JSONResponse(await run_in_threadpool(describe, name, way))
    except (ValueError, OSError) as error:
        return sentence(error)


async def _translate(request: Request) -> Response:
    name, way = request.path_params["name"], request.path_params["way"]
    try:
        made = await run_in_threadpool(translate, name, way, await received(request))
    except (ValueError, OSError) as error:
        return sentence(error)
    return Response(made, media_type="application/octet-stream")


def routes() -> list[Route]:
    """Where the server answers, under the path that it serves the app at."""
    place = f"{base_path()}/translators/{{name}}/{{way}}"
    return [
        Route(place, for_who_may_see(_describe)),
        Route(f"{place}/sample", for_who_may_see(_translate), methods=["POST"]),
    ]
