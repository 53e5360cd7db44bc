"""Both players, built and initialized from a config."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, TypeGuard

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from gandash.config import Config
from gandash.networks import dcgan, mlp, resnet
from gandash.networks.layers import norm_layer
from gandash.networks.players import Discriminator, Ensemble, Generator, Head


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
        G = _generator(config, shape, classes)
        initialize(G, config.network.architecture, rng)
        members = [
            _discriminator(config, shape, classes) for _ in range(config.balance.discriminators)
        ]
        for D in members:
            initialize(D, config.network.architecture, rng)
            if config.network.d_spectral_norm:
                _add_spectral_norm(D)
    return G, members[0] if len(members) == 1 else Ensemble(members)


def _generator(config: Config, shape: tuple[int, ...], classes: int) -> Generator:
    network, labels = config.network, config.labels
    told = classes if labels.told else 0
    appended = bool(told) and labels.g_labels == "concat"
    inputs = network.latent_dim + (told if appended else 0)
    flat = network.architecture == "mlp"
    norm = partial(norm_layer, network.g_norm, flat=flat, classes=0 if appended else told)
    if flat:
        layers = mlp.generator_layers(inputs, shape, network.g_width, network.depth, norm)
    else:
        make = {"dcgan": dcgan, "resnet": resnet}[network.architecture].generator_layers
        layers = make(inputs, shape, network.g_width, norm, network.attention)
    return Generator(
        layers,
        network.latent_dim,
        shape,
        input_dims=3 if network.architecture == "dcgan" else 1,
        classes=told,
        appended=appended,
        virtual=network.g_norm == "virtual",
    )


def _discriminator(config: Config, shape: tuple[int, ...], classes: int) -> Discriminator:
    network, collapse, kind = config.network, config.collapse, config.labels.conditioning
    packed = (shape[0] * collapse.pack, *shape[1:])
    appended = classes if kind == "concat" else 0
    seen = (packed[0] + appended, *packed[1:])
    flat = network.architecture == "mlp"
    norm = partial(norm_layer, network.d_norm, flat=flat)
    if flat:
        layers, features = mlp.discriminator_layers(seen, network.d_width, network.depth, norm)
    else:
        make = {"dcgan": dcgan, "resnet": resnet}[network.architecture].discriminator_layers
        layers, features = make(seen, network.d_width, norm, network.attention)
    head = Head(features, collapse, kind, classes, bias=network.architecture != "dcgan")
    coupled = network.d_norm == "batch" or collapse.minibatch != "none"
    return Discriminator(
        layers, head, packed, classes=appended, virtual=network.d_norm == "virtual", coupled=coupled
    )


def initialize(network: nn.Module, architecture: str, rng: torch.Generator) -> None:
    """Draw the weights as the architecture's paper does.

    dcgan: N(0, 0.02), scales of norms N(1, 0.02); resnet: uniform as Glorot and Bengio 2010 (gain
    sqrt 2 but for     1x1 convolutions and linear layers); mlp: normal as He et al. 2015. Biases
    are 0.
    """
    for module in network.modules():
        reset: Any = getattr(module, "reset", None)
        if reset is not None:
            reset(rng)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            _initialize_weight(module, architecture, rng)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif architecture == "dcgan" and _scales(module):
            nn.init.normal_(module.weight, 1.0, 0.02, generator=rng)


def _scales(module: nn.Module) -> TypeGuard[nn.BatchNorm2d | nn.InstanceNorm2d | nn.GroupNorm]:
    return isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d | nn.GroupNorm) and module.affine


def _initialize_weight(
    module: nn.Conv2d | nn.ConvTranspose2d | nn.Linear, kind: str, rng: torch.Generator
) -> None:
    if kind == "dcgan":
        nn.init.normal_(module.weight, 0.0, 0.02, generator=rng)
    elif kind == "resnet":
        wide = not isinstance(module, nn.Linear) and module.kernel_size != (1, 1)
        nn.init.xavier_uniform_(module.weight, math.sqrt(2) if wide else 1.0, generator=rng)
    else:
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=rng)


def _add_spectral_norm(network: nn.Module) -> None:
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
            spectral_norm(module)
