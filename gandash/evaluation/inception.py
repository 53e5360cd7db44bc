"""Figures on the features of Inception v3, those that papers print, by torch-fidelity's network and
weights.

They can be compared with papers only as far as data, split, size and count are the same. The
network wants 299x299 pixels and 11 billion operations an image: 5 images a second on two busy cores
of a CPU.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import pickle
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor, nn

from gandash import data, latent
from gandash.checkpoints import Checkpoint, weights
from gandash.checkpoints.scores import InceptionFigures, Protocol
from gandash.data import Dataset
from gandash.evaluation import metrics
from gandash.evaluation.after_training import COUNT, LEAST
from gandash.evaluation.progress import Progress
from gandash.latent import generate
from gandash.records import now
from gandash.storage import tensor_cache
from gandash.storage.paths import runs_root
from gandash.training import choose_device

NAME = "Inception v3 of torch-fidelity (weights of 2015-12-05, 2048 features)"
SHA256 = "6726825d"  # how the weights' digest begins, as their file's name says
BATCH, STEPS = 64, 4


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
        tensors, given = (
            torch.load(io.BytesIO(content), map_location="cpu", weights_only=True),
            io.BytesIO(),
        )
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
    found = []
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        found.append([part.cpu() for part in network(batch.expand(-1, 3, -1, -1).to(device))])
    features, logits = (torch.cat(parts) for parts in zip(*found, strict=True))
    return features, logits


def measure(
    checkpoint: Checkpoint, count: int = COUNT, seed: int = 0
) -> Iterator[Progress | InceptionFigures]:
    """Measure a checkpoint against the held-out images of its data, or all images of a folder or
    zip.

    The last item is the result. ``ValueError`` if the checkpoint makes points, or the weights
    cannot be had.
    """
    facts = checkpoint.card.data
    if not facts.kind.measured:
        raise ValueError(
            f"Inception reads images, and {checkpoint.name!r} makes {facts.kind.name}: "
            "choose another checkpoint"
        )
    if count < LEAST:
        raise ValueError(f"An evaluation needs at least {LEAST:,} samples, not {count}: take more")
    split, real = _real_images(checkpoint)
    network = load()
    yield Progress("Reading real images", 1, STEPS)
    features, radii = _seen(network, real)
    yield Progress("Drawing samples", 2, STEPS)
    G = weights.load_generator(checkpoint)
    images = generate(G, latent.draw(seed, count, G.latent_dim))
    yield Progress("Reading samples", 3, STEPS)
    fake, logits = read(network, images)
    yield Progress("Measuring distances and neighborhoods", 4, STEPS)
    kernel, kernel_std = metrics.kernel_distance(fake, features)
    score, score_std = metrics.classifier_score(logits)
    yield InceptionFigures(
        protocol=Protocol(features=NAME, real=len(real), fake=count, split=split, seed=seed),
        step=checkpoint.card.step,
        frechet=metrics.frechet_distance(fake, features),
        kernel=kernel,
        kernel_std=kernel_std,
        **asdict(metrics.neighborhoods(fake, features, radii)),
        score=score,
        score_std=score_std,
        created=now(),
    )


def _real_images(checkpoint: Checkpoint) -> tuple[str, Dataset]:
    config = checkpoint.card.config.data.model_copy(update={"limit": None})
    split = "test" if config.dataset in data.SOURCES else "train"
    return split, data.load(config, split)


def _seen(network: nn.Module, real: Dataset) -> tuple[Tensor, Tensor]:
    """Features and radii of real images, kept in a file: they take as long as the samples."""
    path = tensor_cache.path(
        runs_root(),
        f"inception {SHA256}, {metrics.NEIGHBORS}".encode(),
        real.images.numpy().tobytes(),
    )
    if (found := tensor_cache.read(path, ("features", "radii"))) is None:
        features, _ = read(network, real.images)
        found = {"features": features, "radii": metrics.radii(features)}, {}
        with contextlib.suppress(OSError):  # no room: computed again the next time
            tensor_cache.write(path, *found)
    tensors, _ = found
    return tensors["features"], tensors["radii"]
