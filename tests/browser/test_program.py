"""What a program refuses, and what it leaves as it was."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from safetensors.torch import load as load_safetensors

from gandash import browser
from gandash.config import Config
from gandash.networks import Generator, build_pair


def built(**network: Any) -> Generator:
    G, _ = build_pair(Config.model_validate({"network": {"g_width": 8} | network}), (1, 32, 32))
    return G.eval()


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ({"attention": 16}, "self-attention"),
        ({"g_norm": "virtual"}, "virtual batch norm needs its reference batch"),
        ({"architecture": "resnet", "attention": 16}, "self-attention"),
    ],
)
def test_what_is_not_known_is_refused_with_the_reason(network: dict[str, Any], reason: str) -> None:
    with pytest.raises(browser.UnsupportedError, match=reason):
        browser.describe(built(**network))


def test_a_class_that_is_mapped_to_a_style_is_refused() -> None:
    network = {"architecture": "style", "g_norm": "none", "d_norm": "none", "g_width": 8}
    labels = {"conditioning": "projection", "g_labels": "concat"}
    config = Config.model_validate({"network": network, "labels": labels})
    G, _ = build_pair(config, (1, 32, 32), 4)
    with pytest.raises(browser.UnsupportedError, match="a class that is mapped to a style"):
        browser.describe(G.eval())


def test_half_precision_weights_travel_bit_for_bit() -> None:
    """A transposed convolution as its four phases holds the same numbers, no more and no fewer."""
    G = built()
    G.half()
    kernels = [m.weight for m in G.modules() if isinstance(m, torch.nn.ConvTranspose2d)]
    packed = load_safetensors(browser.pack(G.float()))
    for number, kernel in enumerate(kernels, 1):
        sent = packed[f"{number}.weight"]
        assert sent.dtype == torch.float16
        assert torch.equal(sent.flatten().sort().values, kernel.half().flatten().sort().values)


def test_the_same_generator_is_the_same_file() -> None:
    """Its URL is named for its content."""
    assert browser.pack(built()) == browser.pack(built())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"network": {"attention": 16}}, "self-attention"),
        ({"network": {"d_norm": "virtual"}}, "virtual batch norm needs its reference batch"),
        ({"collapse": {"pack": 2}}, "judges several samples at a time"),
        ({"collapse": {"minibatch": "stddev"}}, "compares the samples of a batch"),
        ({"balance": {"discriminators": 2}}, "several discriminators have several opinions"),
    ],
)
def test_discriminators_without_an_opinion_of_one_sample_are_refused(
    changes: dict[str, Any], reason: str
) -> None:
    config = Config.model_validate({"network": {"g_width": 8}} | changes)
    G, D = build_pair(config, (1, 32, 32))
    with pytest.raises(browser.UnsupportedError, match=reason):
        browser.describe_discriminator(D.eval(), G.shape)
