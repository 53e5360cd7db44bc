"""Both players, built and initialized from a config."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol, TypeGuard

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from gandash.config import ARCHITECTURES, Config, NetworkConfig
from gandash.losses.objectives import OBJECTIVES
from gandash.networks import dcgan, mlp, modern, progressive, resnet, style
from gandash.networks.layers import LabelledSequential, NormFactory, norm_layer
from gandash.networks.players import (
    Discriminator,
    Encoder,
    Ensemble,
    Generator,
    Head,
    LatentJudge,
)


class Layers(Protocol):
    """What the module of an architecture offers; ``norm`` makes a norm for so many channels."""

    def generator_layers(
        self, inputs: int, shape: tuple[int, ...], network: NetworkConfig, norm: NormFactory
    ) -> LabelledSequential:
        """Latent vectors of ``inputs`` numbers to samples (N, *shape)."""

    def discriminator_layers(
        self, shape: tuple[int, ...], network: NetworkConfig, norm: NormFactory
    ) -> tuple[nn.Sequential, tuple[int, ...]]:
        """Samples (N, *shape) to features, and the shape of one's."""


EMBEDDED = 128  # numbers of a shared class embedding, as in BigGAN
FLAT = "mlp"  # the architecture as which a discriminator on z begins
LAYERS: Mapping[str, Layers] = {
    "dcgan": dcgan,
    "mlp": mlp,
    "modern": modern,
    "progressive": progressive,
    "resnet": resnet,
    "style": style,
}


def build_pair(
    config: Config, shape: tuple[int, ...], classes: int = 0
) -> tuple[Generator, Discriminator | Ensemble]:
    """A freshly initialized pair on the CPU for samples of ``shape`` (C, H, W) or (dim,); the seed
    decides the weights.

    ``classes`` is how many the data has; only a conditioned network looks at it.
    """
    rng = torch.Generator().manual_seed(config.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)  # spectral norm draws its first singular vectors itself
        network = config.network
        orthogonal = network.first_weights == "orthogonal"
        G = _generator(config, shape, classes)
        initialize(G, network.architecture, rng, orthogonal=orthogonal)
        if config.autoencoder.encoder:
            G.encoder = _encoder(config, shape)
            initialize(G.encoder, network.architecture, rng, orthogonal=orthogonal)
        if network.g_spectral_norm:
            add_spectral_norm(G, embeddings=False)
        members = [
            _discriminator(config, shape, classes) for _ in range(config.balance.discriminators)
        ]
        for D in members:
            initialize(D, network.architecture, rng, orthogonal=orthogonal)
            if config.autoencoder.encoder:
                D.of_z = LatentJudge(network.latent_dim, classes if config.labels.told else 0)
                initialize(D.of_z, FLAT, rng)
            if network.d_spectral_norm:
                add_spectral_norm(D)
    return G, members[0] if len(members) == 1 else Ensemble(members)


def _generator(config: Config, shape: tuple[int, ...], classes: int) -> Generator:
    network = config.network
    labels = config.labels
    architecture = ARCHITECTURES[network.architecture]
    told = classes if labels.told else 0
    appended = bool(told) and labels.g_labels == "concat"
    shared = bool(told) and labels.g_labels == "shared"
    inputs = network.latent_dim + (told if appended else 0)
    if shared:
        inputs = network.latent_dim // architecture.pieces
    norm = partial(
        norm_layer,
        network.g_norm,
        flat=not architecture.maps,
        classes=0 if appended else told,
        embedded=EMBEDDED + inputs if shared else 0,
    )
    return Generator(
        LAYERS[network.architecture].generator_layers(inputs, shape, network, norm),
        network.latent_dim,
        shape,
        input_dims=3 if architecture.latent_maps else 1,
        classes=told,
        appended=appended,
        embedded=EMBEDDED if shared else 0,
        virtual=network.g_norm == "virtual",
    )


def _encoder(config: Config, shape: tuple[int, ...]) -> Encoder:
    """The layers of a D of G's width, with G's norm, and one more to z."""
    network = config.network
    architecture = ARCHITECTURES[network.architecture]
    norm = partial(norm_layer, network.g_norm, flat=not architecture.maps)
    as_wide = network.model_copy(update={"d_width": network.g_width})
    layers, features = LAYERS[network.architecture].discriminator_layers(shape, as_wide, norm)
    return Encoder(layers, features, network.latent_dim)


def _discriminator(config: Config, shape: tuple[int, ...], classes: int) -> Discriminator:
    network = config.network
    collapse = config.collapse
    kind = config.labels.conditioning
    architecture = ARCHITECTURES[network.architecture]
    packed = (shape[0] * collapse.pack, *shape[1:])
    appended = classes if kind == "concat" else 0
    seen = (packed[0] + appended, *packed[1:])
    norm = partial(norm_layer, network.d_norm, flat=not architecture.maps)
    layers, features = LAYERS[network.architecture].discriminator_layers(seen, network, norm)
    head = Head(
        features,
        collapse,
        kind,
        classes,
        bias=architecture.head_bias,
        places=network.d_places,
        outcomes=config.loss.outcomes if OBJECTIVES[config.loss.objective].distribution else 1,
        equalized=architecture.equalized,
    )
    coupled = network.d_norm == "batch" or collapse.minibatch != "none"
    return Discriminator(
        layers, head, packed, classes=appended, virtual=network.d_norm == "virtual", coupled=coupled
    )


def initialize(
    network: nn.Module, architecture: str, rng: torch.Generator, *, orthogonal: bool = False
) -> None:
    """Draw the weights as the architecture's paper does, or ``orthogonal`` ones; biases are 0.

    normal: N(0, 0.02), scales of norms N(1, 0.02) (Radford et al. 2016); glorot: uniform as Glorot
    and Bengio 2010, gain sqrt 2 but for 1x1 convolutions and linear layers (Miyato et al. 2018);
    he: normal as He et al. 2015. Orthogonal weights of a layer, seen as a matrix of their
    first axis and all others, have rows or columns, whichever are fewer, at right angles and of
    length 1, and so has an embedding of labels (Saxe et al. 2014, arXiv:1312.6120).
    """
    if any(parameter.is_meta for parameter in network.parameters()):
        return  # it has shapes and no data, and torch takes its time to draw none
    weights = "orthogonal" if orthogonal else ARCHITECTURES[architecture].weights
    for module in network.modules():
        reset: Any = getattr(module, "reset", None)
        if reset is not None:
            reset(rng)
            embedding = getattr(module, "embedding", None)
            if orthogonal and embedding is not None:
                nn.init.orthogonal_(embedding.weight, generator=rng)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            _draw_weight(module, weights, rng)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif weights == "normal" and _scales(module):
            nn.init.normal_(module.weight, 1.0, 0.02, generator=rng)


def _scales(module: nn.Module) -> TypeGuard[nn.BatchNorm2d | nn.InstanceNorm2d | nn.GroupNorm]:
    return isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d | nn.GroupNorm) and module.affine


def _draw_weight(
    module: nn.Conv2d | nn.ConvTranspose2d | nn.Linear, weights: str, rng: torch.Generator
) -> None:
    if weights == "normal":
        nn.init.normal_(module.weight, 0.0, 0.02, generator=rng)
    elif weights == "glorot":
        wide = not isinstance(module, nn.Linear) and module.kernel_size != (1, 1)
        nn.init.xavier_uniform_(module.weight, math.sqrt(2) if wide else 1.0, generator=rng)
    elif weights == "orthogonal":
        nn.init.orthogonal_(module.weight, generator=rng)
    else:
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=rng)


def add_spectral_norm(network: nn.Module, *, embeddings: bool = True) -> None:
    """Divide the weights of all layers by their largest singular values (Miyato et al. 2018,
    arXiv:1802.05957); those of embeddings not where these are scales of G's norms.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) or (
            embeddings and isinstance(module, nn.Embedding)
        ):
            spectral_norm(module)
