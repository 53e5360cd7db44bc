"""Generators that other programs trained in a real Chromium, against torch in fp32."""

from __future__ import annotations

import pytest
import torch
from playwright.sync_api import Page

from gandash import browser, exchange
from gandash.config.plan import PlannedLayer
from gandash.networks.planned import discriminator_of
from tests.browser.conftest import Files
from tests.browser.same_numbers import FEW, Comparison
from tests.exchange.found import lived
from tests.exchange.test_readings import FAMILIES, place_of

pytestmark = pytest.mark.browser
RUN = {
    "enlarged maps, epsilon 0.8": ["TypedArrays"],
    "5x5, a linear start": ["TypedArrays"],
    "5x5 and 3x3 plain, no norms": ["TypedArrays"],
    "matrices by name": ["TypedArrays"],
    "7x7 start, sigmoid": ["TypedArrays"],
    "plain convolutions between": ["TypedArrays", "WebGL"],
    "norms behind activations": ["TypedArrays", "WebGL"],
}
"""Those that the browser knows; maps with a margin are not written for graphics processors."""


@pytest.mark.parametrize("name", RUN)
def test_imported_generators_make_torchs_pictures(name: str, blank: Page, files: Files) -> None:
    build, axes, _ = FAMILIES[name]
    torch.manual_seed(0)
    network = lived(build(), axes)
    proposal = exchange.propose_from(network.state_dict(), "G.pth", "0" * 64)
    G = proposal.candidates[place_of(network, proposal, axes) - 1].reading.build()
    packed = browser.pack(G)
    for engine in RUN[name]:
        compare = Comparison(blank, files)
        assert compare.of_samples(engine, packed, G, samples=FEW) <= 2, engine


OPINION = """async (url) => {
  const { Discriminator } = await import("/runtime/discriminator.js");
  return new Discriminator(await (await fetch(url)).arrayBuffer()).ms;
}"""


def test_odd_kernels_that_halve_maps_have_torchs_opinion(blank: Page, files: Files) -> None:
    """The runtime compares its opinion of noise with torch's, and refuses where it is another."""
    torch.manual_seed(0)
    build, axes, _ = FAMILIES["7x7 start, sigmoid"]
    network = lived(build(), axes)
    proposal = exchange.propose_from(network.state_dict(), "G.pth", "0" * 64)
    G = proposal.candidates[0].reading.build()
    convolutions = [
        PlannedLayer(
            kind="convolution", inputs=a, outputs=b, kernel=kernel, stride=2, padding=kernel // 2
        )
        for a, b, kernel in ((1, 4, 3), (4, 6, 5))
    ]
    leaky = PlannedLayer(kind="leaky", value=0.2)
    plan = (
        PlannedLayer(kind="pad", padding=-2),
        convolutions[0],
        leaky,
        convolutions[1],
        leaky,
        PlannedLayer(kind="linear", inputs=6 * 49, outputs=1, bias=True),
    )
    D = discriminator_of(plan, (1, 32, 32)).eval().requires_grad_(False)
    url = files.put("D.safetensors", browser.pack_discriminator(D, G, probability=True))
    assert blank.evaluate(OPINION, url) > 0
