"""Figures on the features of Inception v3, those that papers print, by torch-fidelity's network and
weights.

They can be compared with papers only as far as data, split, size and count are the same. The
network wants 299x299 pixels and 11 billion operations an image: 5 images a second on two busy cores
of a CPU.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor, nn

from gandash.checkpoints import Checkpoint
from gandash.checkpoints.scores import Figures
from gandash.evaluation.after_training import measure
from gandash.evaluation.draws import COUNT, SEEDS, Draws
from gandash.evaluation.extractor import Extractor
from gandash.evaluation.progress import Progress
from gandash.training import choose_device

NAME = "Inception v3 of torch-fidelity (weights of 2015-12-05, 2048 features)"
SHA256 = "6726825d"  # how the weights' digest begins, as their file's name says
BATCH = 64


def weights_path() -> Path:
    """Where torch.hub, and so torch-fidelity, keeps the weights."""
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3  # noqa: PLC0415 - slow to import

    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(URL_INCEPTION_V3).path).name


def load() -> nn.Module:
    """The network in eval mode on the best device: uint8 images (N, 3, H, W) to features (N, 2048),
    logits (N, 1008).

    Its weights, 96 MB, are downloaded once. ``ValueError`` if they are not there and cannot be, or
    are damaged. torch-fidelity would unpickle any file of their name: this reads tensors only,
    after comparing the digest, and hands them over in memory.
    """
    from torch_fidelity.feature_extractor_inceptionv3 import (  # noqa: PLC0415 - slow to import
        URL_INCEPTION_V3,
        FeatureExtractorInceptionV3,
    )

    path = weights_path()
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(
                URL_INCEPTION_V3, str(path), hash_prefix=SHA256, progress=False
            )
        except (OSError, RuntimeError) as error:
            raise ValueError(
                "Inception's weights are not on this machine and could not be downloaded "
                f"({error}): put the file of "
                f"{URL_INCEPTION_V3} into {path.parent}"
            ) from error
    content = path.read_bytes()
    try:
        if not hashlib.sha256(content).hexdigest().startswith(SHA256):
            raise ValueError(f"its SHA-256 does not begin with {SHA256}")
        tensors = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        given = io.BytesIO()
        torch.save(tensors, given)
        given.seek(0)
        network: nn.Module = FeatureExtractorInceptionV3(
            "inception", ["2048", "logits_unbiased"], given
        )
    except (pickle.UnpicklingError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"Inception's weights in {path} are damaged ({error}): remove them"
        ) from error
    return network.to(choose_device("auto"))


@torch.inference_mode()
def read(network: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Features (N, 2048) and logits (N, 1008) of uint8 images (N, C, H, W).

    Gray ones as three equal channels.
    """
    device = next(network.parameters()).device
    batches = []
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        batches.append([part.cpu() for part in network(batch.expand(-1, 3, -1, -1).to(device))])
    features, logits = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return features, logits


def extractor() -> Extractor:
    """Inception as that which samples are measured with.

    ``ValueError`` if its weights cannot be had.
    """
    return Extractor(NAME, SHA256, partial(read, load()))


def check(checkpoint: Checkpoint) -> None:
    """``ValueError`` if a checkpoint's samples cannot be measured on Inception's features."""
    facts = checkpoint.card.data
    if not facts.kind.measured:
        raise ValueError(
            f"Inception reads images, and {checkpoint.name!r} makes {facts.kind.name}: "
            "choose another checkpoint"
        )


def evaluate(
    checkpoint: Checkpoint, count: int = COUNT, seed: int = 0, seeds: int = SEEDS
) -> Iterator[Progress | Figures]:
    """Measure a checkpoint against the held-out images of its data, or all images of a folder or
    zip.

    The last item is the result. ``ValueError`` as :func:`check` and :func:`load` say it.
    """
    draws = Draws(count, seed, seeds)
    check(checkpoint)
    yield from measure(checkpoint, extractor(), draws)
