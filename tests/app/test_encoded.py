"""Images in z on the page Latent space: where there is an autoencoder, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandash import runs
from gandash.checkpoints import CARD
from gandash.runs import execution
from tests.app.visiting import visit
from tests.conftest import ConfigFactory


@pytest.fixture
def autoencoders(small_mnist: Path, runs_root: Path, small_config: ConfigFactory) -> Path:
    """Tiny autoencoders of the small files: one told the class, one not."""
    for name, conditioning in (("told", "concat"), ("not-told", "none")):
        settings = {
            "autoencoder": {"encoder": True},
            "labels": {"conditioning": conditioning},
        }
        list(execution.execute(runs.create(runs_root, small_config(**settings), name)))
    return runs_root


def test_an_image_its_z_under_every_label_a_walk_and_a_histogram(autoencoders: Path) -> None:
    app = visit("latent", encoded_checkpoint="told", encoded_image="7", encoded_number="2")
    assert not app.exception, [problem.message for problem in app.exception]
    assert not app.error
    assert "Images in z" in [header.value for header in app.header]
    assert app.number_input(key="encoded_image").value == 7
    said = " ".join(element.value for element in app.markdown)
    assert "The same z under every label" in said
    assert "z of 400 images that no training saw: its number 2 has mean" in said
    assert "a weight of 1 on the discriminator of z" in said
    assert app.selectbox(key="encoded_number").value == "2"
    pictures = [element.body for element in app.get("html") if "gd-row" in element.body]
    assert pictures[0].count("<figure>") == 12, "image, again, ten digits"
    app.selectbox(key="encoded_checkpoint_by_title").set_value("not-told").run()
    assert not app.exception
    pictures = [element.body for element in app.get("html") if "gd-row" in element.body]
    assert pictures[0].count("<figure>") == 2


def test_nonsense_in_the_link_is_dropped_and_what_is_not_there_is_a_sentence(
    autoencoders: Path,
) -> None:
    app = visit("latent", encoded_image="70000", encoded_toward="x")
    assert not app.exception
    assert app.number_input(key="encoded_image").value is None
    assert "Enter the number of an image, such as 6" in app.info[0].value
    app = visit("latent", encoded_image="3", encoded_number="99")
    assert app.selectbox(key="encoded_number").value == "all together"
    app = visit("latent", encoded_image="401")
    assert any("from 1 to 400 here, not 401: choose another" in it.value for it in app.error)
    damaged = autoencoders / "told" / "generator.safetensors"
    damaged.write_bytes(b"nothing")
    app = visit("latent", encoded_checkpoint="told", encoded_image="1")
    assert not app.exception
    assert any("restore it from a copy" in problem.value for problem in app.error)


def test_without_an_autoencoder_there_is_no_such_section(
    small_mnist: Path, runs_root: Path, small_config: ConfigFactory
) -> None:
    list(execution.execute(runs.create(runs_root, small_config(), "plain")))
    assert (runs_root / "plain" / CARD).is_file()
    app = visit("latent")
    assert not app.exception
    assert "Images in z" not in [header.value for header in app.header]
