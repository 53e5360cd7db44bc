"""Images to z: in parts as at once, and what is refused."""

from __future__ import annotations

import pytest
import torch

from gandash import data, latent
from gandash.data import Dataset
from gandash.latent.sampling import BATCH
from gandash.networks import build_pair
from tests.conftest import ConfigFactory


def test_images_are_encoded_in_parts_as_at_once(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    G, _ = build_pair(tiny_config(autoencoder={"encoder": True}), (1, 16, 16))
    G.eval()
    images = tiny_dataset.images[torch.arange(BATCH + 3) % len(tiny_dataset)]
    z = latent.encode(G, images)
    assert z.shape == (BATCH + 3, G.latent_dim)
    assert G.encoder is not None
    with torch.no_grad():
        torch.testing.assert_close(z[-5:], G.encoder(data.to_unit(images[-5:])))
    with pytest.raises(ValueError, match="looks at images of 1×16×16, not 3×16×16"):
        latent.encode(G, torch.zeros(2, 3, 16, 16, dtype=torch.uint8))


def test_a_generator_without_an_encoder_says_so(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    G, D = build_pair(tiny_config(), (1, 16, 16))
    with pytest.raises(ValueError, match="choose another checkpoint"):
        latent.encode(G, tiny_dataset.images[:2])
    names = {*G.state_dict(), *D.state_dict()}
    assert not any("encoder" in name or "of_z" in name for name in names)
