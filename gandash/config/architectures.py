"""The architectures: everything that is to be known of one stands in its row.

A new architecture is one row here and its module of layers in ``gandash/networks``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gandash.kinds import IMAGE_SIZES


@dataclass(frozen=True)
class Architecture:
    """One pair of players.

    ``sizes``: image sides in pixels that it is made for. ``maps``: its hidden layers are feature
    maps (N, C, H, W), not single features (N, F). ``points``: it takes samples without pixels,
    (N, dim), too. ``conditional_norm``: norms of G can be told a label. ``latent_maps``: G begins
    with a convolution, so that z enters as (N, latent_dim, 1, 1). ``head_bias``: D's last layer
    has a bias. ``weights``: how they are drawn at the start, see ``networks.pair.initialize``.
    ``norms``: those that it is named without. ``attention``: it has places for self-attention.
    ``deep``: it is as deep as ``network.depth`` says. ``pieces``: into how many pieces z can be
    cut, of which each block of G gets its own; 0 if it cannot. ``own_weights``: it draws and scales
    its weights in a way of its own, which neither spectral norm nor orthogonality goes with.
    ``grows``: it begins small. ``compares``: its paper penalizes the slope of a D that compares a
    batch by its standard deviation. ``equalized``: D's last layer learns as its others do.
    ``places``: D's last features are maps, so that it can judge each place for itself. ``lengths``:
    it matters to G how long z is, so that an encoder can say more than a direction.
    """

    title: str
    summary: str
    paper: str
    weights: Literal["normal", "glorot", "he"]
    sizes: tuple[int, ...] = IMAGE_SIZES
    maps: bool = True
    points: bool = False
    conditional_norm: bool = True
    latent_maps: bool = False
    head_bias: bool = True
    norms: tuple[str, ...] = ("batch",)
    attention: bool = True
    deep: bool = False
    pieces: int = 0
    own_weights: bool = False
    grows: bool = False
    compares: bool = False
    equalized: bool = False
    places: bool = False
    lengths: bool = True


ARCHITECTURES: Mapping[str, Architecture] = {
    "dcgan": Architecture(
        "DCGAN",
        "Strided and transposed convolutions with batch norm",
        "Radford et al. 2016, arXiv:1511.06434",
        weights="normal",
        latent_maps=True,
        head_bias=False,
        places=True,
    ),
    "resnet": Architecture(
        "ResNet",
        "Residual blocks in both players",
        "Miyato et al. 2018, arXiv:1802.05957",
        weights="glorot",
        sizes=(32,),
        pieces=4,
    ),
    "modern": Architecture(
        "R3GAN",
        "Residual blocks with grouped convolutions, no norms, no tanh",
        "Huang et al. 2024, arXiv:2501.05441",
        weights="glorot",
        conditional_norm=False,
        norms=("none",),
        attention=False,
        deep=True,
        own_weights=True,
    ),
    "style": Architecture(
        "StyleGAN2",
        "z mapped to a style that scales the weights of every size; no norms, no tanh",
        "Karras et al. 2020, arXiv:1912.04958",
        weights="glorot",
        conditional_norm=False,
        norms=("none",),
        attention=False,
        deep=True,
        own_weights=True,
        compares=True,
        equalized=True,
        places=True,
        lengths=False,
    ),
    "progressive": Architecture(
        "Progressive growing",
        "A pair that grows from 4 pixels, each size faded in; features normalized place by place",
        "Karras et al. 2018, arXiv:1710.10196",
        weights="glorot",
        conditional_norm=False,
        norms=("none",),
        attention=False,
        own_weights=True,
        grows=True,
        compares=True,
        equalized=True,
        places=True,
        lengths=False,
    ),
    "mlp": Architecture(
        "MLP",
        "Fully connected players, as in 2014, for images and points",
        "Goodfellow et al. 2014, arXiv:1406.2661",
        weights="he",
        maps=False,
        points=True,
        conditional_norm=False,
        norms=("batch", "none"),
        attention=False,
        deep=True,
    ),
}
PLAIN = "dcgan"


def names(**facts: object) -> tuple[str, ...]:
    """The names of architectures of which all ``facts`` hold, such as ``points=True``."""
    return tuple(
        name
        for name, row in ARCHITECTURES.items()
        if all(getattr(row, fact) == value for fact, value in facts.items())
    )
