"""What the server says of a generator, and the samples that it makes where a browser cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from gandash import latent, runs
from gandash.app import generators
from gandash.app.assets import STORE
from gandash.browser.page.writing import facts as facts_of
from gandash.checkpoints import weights
from gandash.runs import execution
from gandash.storage.paths import PROJECT
from tests.conftest import ConfigFactory

SHIPPED = sorted(
    path.parent.name
    for path in (PROJECT / "pretrained").glob("*/card.json")
    if not (path.parent / weights.EXAMPLES).exists()  # translators make no samples
)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_generator_runs_in_the_browser(name: str) -> None:
    described = generators.describe(name)
    assert described["reason"] == ""
    content = STORE.get(str(described["weights"]))
    assert content is not None
    assert described == generators.describe(name), "the same content, the same address"
    facts = facts_of(generators.find(name).card)
    classes = facts["classes"]
    assert isinstance(classes, tuple)
    assert (facts["latent"], len(classes)) == (described["latent"], described["classes"])


def test_a_shipped_discriminator_runs_in_the_browser_too() -> None:
    described = generators.describe_discriminator("mnist-half-dcgan-seed-0")
    assert described["reason"] == ""
    assert STORE.get(str(described["weights"])) is not None


def test_a_checkpoint_without_its_discriminator_says_so(pretrained_root: Path) -> None:
    name = "mnist-half-dcgan-seed-0"
    shutil.copytree(PROJECT / "pretrained" / name, pretrained_root / name)
    (pretrained_root / name / weights.DISCRIMINATOR).unlink()
    described = generators.describe_discriminator(name)
    assert described["weights"] is None
    assert "came without its discriminator" in str(described["reason"])


@pytest.fixture
def refused(runs_root: Path, tiny_config: ConfigFactory) -> str:
    """A finished run with self-attention."""
    config = tiny_config(network={"latent_dim": 8, "g_width": 4, "d_width": 4, "attention": 8})
    list(execution.execute(runs.create(runs_root, config, "attentive")))
    return "attentive"


def test_what_the_browser_cannot_run_is_made_by_the_server(refused: str) -> None:
    described = generators.describe(refused)
    assert described["weights"] is None
    assert "self-attention" in str(described["reason"])
    z = latent.draw(5, 1, 8)
    made = np.frombuffer(generators.sample(refused, z.numpy().tobytes(), 0), np.uint8)
    pixels = made.reshape(16, 16, 4)
    G = weights.load_generator(generators.find(refused))
    expected = latent.generate(G, z)[0, 0].numpy()
    assert all(np.array_equal(pixels[..., channel], expected) for channel in range(3))
    assert (pixels[..., 3] == 255).all()


def test_a_vector_of_another_length_is_one_sentence(refused: str) -> None:
    with pytest.raises(ValueError, match=r"has 8 numbers, not 5: choose one that fits"):
        generators.sample(refused, bytes(20), 0)


@pytest.mark.parametrize("name", ["none", "..", "", "a/b", "mnist-dcgan ", "x" * 500])
def test_an_unknown_name_is_one_sentence(name: str) -> None:
    with pytest.raises(ValueError, match="There is no checkpoint"):
        generators.find(name)


def test_damaged_weights_are_one_sentence(pretrained_root: Path) -> None:
    shutil.copytree(PROJECT / "pretrained" / "mnist-half-dcgan-seed-0", pretrained_root / "damaged")
    card = pretrained_root / "damaged" / "card.json"
    card.write_text(card.read_text().replace('"mnist-half-dcgan-seed-0"', '"damaged"'))
    (pretrained_root / "damaged" / weights.GENERATOR).write_bytes(b"no weights")
    with pytest.raises(ValueError, match="does not fit its card"):
        generators.describe("damaged")
