"""A generator as ONNX, which other runtimes run without torch."""

from __future__ import annotations

import copy
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gandash import latent
from gandash.exchange.extras import needed
from gandash.networks import Generator
from gandash.networks.fast_convolution import ConvTranspose2d, Project

OPSET = 17
TRIED, TRIED_SEED = 3, 7
LARGEST_DIFFERENCE = 1e-3  # of values in [-1, 1]


def to_onnx(G: Generator) -> bytes:
    """A generator in eval mode as an ONNX file: ``z`` (N, latent_dim) in float32, and ``labels``
    (N,) in int64 where it was told classes, to ``images`` (N, *shape).

    What the file makes of random z is compared with what torch makes. ``ValueError`` where that is
    another, or a package is missing.
    """
    needed("onnx", "onnx", "An ONNX file")
    needed("onnxruntime", "onnx", "The check of an ONNX file")
    plain = _plain(G)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        path = Path(folder) / "generator.onnx"
        warnings.simplefilter("ignore")  # what traces of shapes and the older exporter say
        torch.onnx.export(
            plain,
            _inputs(G, 2),
            path,
            input_names=["z", *(["labels"] if G.classes else [])],
            output_names=["images"],
            dynamic_axes={name: {0: "count"} for name in ("z", "labels", "images")},
            opset_version=OPSET,
            dynamo=False,
        )
        content = path.read_bytes()
    _check(G, content)
    return content


def _inputs(G: Generator, count: int) -> tuple[Tensor, ...]:
    z = latent.draw(TRIED_SEED, count, G.latent_dim)
    return (z, torch.arange(count) % G.classes) if G.classes else (z,)


def _plain(G: Generator) -> nn.Module:
    """The same network of torch's own convolutions, which exporters know."""
    plain = copy.deepcopy(G)
    for module in list(plain.modules()):
        if parametrize.is_parametrized(module, "weight"):
            _divide(module)
        if isinstance(module, ConvTranspose2d | Project):
            # The same tensors and attributes.
            module.__class__ = nn.ConvTranspose2d  # type: ignore[assignment]
    return plain


def _divide(module: nn.Module) -> None:
    """A layer with spectral norm becomes one of the weights that it works with. (torch's own way
    takes them from all copies of the layer.)
    """
    weight: Tensor = module.weight.detach()  # type: ignore[operator]
    module.__class__ = type(module).__bases__[0]
    del module.parametrizations
    module.weight = nn.Parameter(weight, requires_grad=False)


def _check(G: Generator, content: bytes) -> None:
    session = needed("onnxruntime", "onnx", "The check of an ONNX file").InferenceSession(
        content, providers=["CPUExecutionProvider"]
    )
    inputs = _inputs(G, TRIED)
    names = ["z", "labels"]
    (made,) = session.run(None, {name: it.numpy() for name, it in zip(names, inputs, strict=False)})
    with torch.inference_mode():
        wanted = G(*inputs).numpy()
    difference = float(np.abs(made - wanted).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise ValueError(
            f"An ONNX file must make what torch makes, and this one's samples differ by "
            f"{difference:.2g}: export the generator as a state dict"
        )
