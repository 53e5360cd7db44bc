"""DCGAN generators as others name their tensors, and as gandash does.

Known is the family of the official PyTorch example: 4x4 transposed convolutions, the first from a
single place, the others twice as large with half as many channels each, batch norm in between or
none, tanh. Names may stand behind any prefix (``main.``, ``module.generator.``); shapes say the
rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gandash.config import IMAGE_SIZES
from gandash.exchange.named_layers import COUNTER, Group, NamedLayer, Part, in_order_of_names
from gandash.networks import Generator
from gandash.networks.dcgan import channels

KERNEL = (4, 4)


@dataclass(frozen=True)
class Found:
    """A DCGAN generator in a file: what it is and its layers' tensors in order.

    ``prefix`` is what its names begin with; ``normed`` says whether batch norms stand in it.
    """

    prefix: str
    latent_dim: int
    width: int
    channels: int
    size: int
    normed: bool
    layers: tuple[Part, ...]

    def fill(self, G: Generator) -> None:
        """Put the tensors into a network of gandash's that was built to the same shape."""
        own = iter(G.state_dict().items())
        filled: dict[str, Tensor] = {}
        for part in self.layers:
            for last in part:
                name, place = next(own)
                assert name.endswith(last), (name, last)
                filled[name] = part[last].to(place.dtype)
        G.load_state_dict(filled, strict=True)


def recognized(group: Group) -> Found:
    """The generator that layers make in their order; ``ValueError`` names the one that is none."""
    prefix = group.prefix
    layers = {layer.name: layer.tensors for layer in in_order_of_names(group.layers)}
    convolutions: list[tuple[str, Part]] = []
    norms: dict[int, Part] = {}  # by how many convolutions stand before
    for name, part in layers.items():
        weight = part.get("weight")
        if weight is None:
            raise ValueError(f"layer {name!r} has no weight but {', '.join(part)}")
        if weight.dim() == 4 and tuple(weight.shape[2:]) == KERNEL:
            convolutions.append((name, part))
        elif weight.dim() == 1 and "running_mean" in part:
            norms[len(convolutions)] = part
        else:
            shape = "x".join(map(str, weight.shape))
            raise ValueError(f"layer {name!r} has weights {shape}, neither 4x4 nor a batch norm")
    _check_chain(prefix, convolutions, norms)
    width = convolutions[-1][1]["weight"].shape[0]
    return Found(
        prefix,
        latent_dim=convolutions[0][1]["weight"].shape[0],
        width=width,
        channels=convolutions[-1][1]["weight"].shape[1],
        size=4 << (len(convolutions) - 1),
        normed=bool(norms),
        layers=tuple(_in_gandash_order([part for _, part in convolutions], norms)),
    )


def _check_chain(
    prefix: str, convolutions: list[tuple[str, Part]], norms: Mapping[int, Part]
) -> None:
    sizes = [size for size in IMAGE_SIZES if size == 4 << (len(convolutions) - 1)]
    if not sizes:
        raise ValueError(
            f"{prefix!r} has {len(convolutions)} convolutions, which make no image of "
            f"{', '.join(map(str, IMAGE_SIZES))} pixels"
        )
    expected = channels(sizes[0], convolutions[-1][1]["weight"].shape[0])[::-1]
    for number, (name, part) in enumerate(convolutions):
        inputs, outputs = part["weight"].shape[:2]
        last = number == len(convolutions) - 1
        if number and inputs != convolutions[number - 1][1]["weight"].shape[1]:
            raise ValueError(f"layer {name!r} takes {inputs} channels, and it is given others")
        if not last and outputs != expected[number]:
            raise ValueError(
                f"layer {name!r} makes {outputs} channels, and a DCGAN of this size has "
                f"{expected[number]} there"
            )
        if last and outputs not in (1, 3):
            raise ValueError(f"layer {name!r} makes {outputs} channels, neither gray nor RGB")
        if last and bool(part.get("bias", torch.zeros(1)).any()):
            raise ValueError(f"layer {name!r} has a bias, which gandash's last layer has not")
    if norms and set(norms) != set(range(1, len(convolutions))):
        raise ValueError(f"{prefix!r} has batch norms between some of its layers and not others")


def _in_gandash_order(convolutions: Iterable[Part], norms: Mapping[int, Part]) -> Iterable[Part]:
    """Each layer's tensors as gandash's network has them: a bias before a batch norm, which that
    takes away again, goes into the mean that it subtracts.
    """
    parts = list(convolutions)
    for number, part in enumerate(parts, 1):
        bias = part.get("bias")
        if number == len(parts):
            yield {"weight": part["weight"]}
        elif number not in norms:
            outputs = part["weight"].shape[1]
            yield {"weight": part["weight"], "bias": torch.zeros(outputs) if bias is None else bias}
        else:
            yield {"weight": part["weight"]}
            yield _norm(norms[number], bias)


def _norm(part: Part, bias: Tensor | None) -> Part:
    channels = len(part["running_mean"])
    return {
        "weight": part.get("weight", torch.ones(channels)),
        "bias": part.get("bias", torch.zeros(channels)),
        "running_mean": part["running_mean"] - (0 if bias is None else bias),
        "running_var": part["running_var"],
        COUNTER: part.get(COUNTER, torch.zeros((), dtype=torch.int64)),
    }


def to_example(G: Generator) -> dict[str, Tensor]:
    """A DCGAN generator's tensors as the official PyTorch example names them, fp32.

    ``ValueError`` where it is no such network: with labels, attention or another norm.
    """
    layers: dict[str, Part] = {}
    for name, tensor in G.state_dict().items():
        if name.startswith("encoder."):  # the example has none, and samples without it
            continue
        layer, _, last = name.rpartition(".")
        layers.setdefault(layer, {})[last] = tensor.detach().cpu()
    if G.classes or G.reference is not None:
        raise ValueError(
            "The example's generator knows no classes and no reference batch, and this one does: "
            "export it as a checkpoint"
        )
    try:
        named = tuple(NamedLayer(name, part) for name, part in layers.items())
        found = recognized(Group("layers", named))
    except ValueError as error:
        raise ValueError(
            f"The example's generator is a plain DCGAN's, and this one is another ({error}): "
            "export it as a checkpoint"
        ) from error
    step = 3 if found.normed else 2  # convolution, (norm,) activation
    renamed: dict[str, Tensor] = {}
    convolution = -1
    for part in found.layers:
        normed = "running_mean" in part
        convolution += not normed
        at = convolution * step + normed
        renamed |= {f"main.{at}.{last}": tensor.clone() for last, tensor in part.items()}
    return renamed
