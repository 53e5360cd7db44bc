"""Generators of other programs: built here as they are found in the wild, brought in, and compared
sample by sample with what torch makes of them.
"""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from gandash import exchange
from gandash.checkpoints import find
from gandash.checkpoints.weights import load_generator
from gandash.cli.main import main
from gandash.config import Config
from gandash.exchange import reading
from gandash.networks import build_pair
from tests.exchange.found import LATENT, Example, example_layers, lived


class Blocks(nn.Module):
    """Nested rows, as many repositories have them."""

    def __init__(self) -> None:
        super().__init__()
        flat = example_layers(16, 4, 1)
        self.net = nn.Sequential(nn.Sequential(*flat[:3]), nn.Sequential(*flat[3:6]), *flat[6:])

    def forward(self, z: Tensor) -> Tensor:
        result: Tensor = self.net(z)
        return result


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "example": Example,
    "gray, 32 pixels": lambda: Example(size=32, channels=1),
    "128 pixels": lambda: Example(size=128, width=4),
    "biases before batch norms": lambda: Example(size=16, bias=True),
    "no batch norms": lambda: Example(size=16, norms=False),
    "bare Sequential": lambda: nn.Sequential(*example_layers(16)),
    "nested": Blocks,
}
WRAPPED: dict[str, Callable[[dict[str, Tensor]], object]] = {
    "as it is": lambda state: state,
    "under a name, beside other things": lambda state: {
        "epoch": 3,
        "generator": state,
        "netD": {"main.0.weight": torch.zeros(4, 3, 4, 4)},
        "optimizer": {"lr": 0.1, "state": {0: {"step": torch.ones(())}}},
    },
    "of DataParallel": lambda state: {f"module.{name}": value for name, value in state.items()},
    "without counters": lambda state: OrderedDict(
        (name, value) for name, value in state.items() if "num_batches" not in name
    ),
}


def same_samples(network: nn.Module, folder: Path) -> None:
    (checkpoint,), broken = find(folder)
    assert not broken
    z = torch.randn(5, LATENT, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = network(z[:, :, None, None])
        torch.testing.assert_close(load_generator(checkpoint)(z), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_as_they_are_found_make_the_same_samples(name: str, tmp_path: Path) -> None:
    network = lived(NETWORKS[name]())
    proposal = exchange.propose_from(network.state_dict(), "netG.pth", "0" * 64)
    checkpoint = exchange.keep(proposal, tmp_path / "found" / "theirs", "netG", "unknown", 1)
    same_samples(network, tmp_path / "found")
    card = checkpoint.card
    assert card.imported is not None
    assert card.imported.file == "netG.pth"
    assert card.title == "netG"
    assert (card.data.licence, card.step) == ("unknown", 0)


@pytest.mark.parametrize("name", WRAPPED)
def test_wrapped_as_they_are_found(name: str, tmp_path: Path) -> None:
    network = lived(Example(size=16))
    legacy = name == "of DataParallel"
    path = tmp_path / "all.pth"
    torch.save(WRAPPED[name](network.state_dict()), path, _use_new_zipfile_serialization=not legacy)
    exchange.bring_in(path, tmp_path / "found" / "theirs")
    same_samples(network, tmp_path / "found")


def test_safetensors(tmp_path: Path) -> None:
    network = lived(Example(size=16))
    save_file(network.state_dict(), tmp_path / "G.safetensors")
    exchange.bring_in(tmp_path / "G.safetensors", tmp_path / "found" / "theirs")
    same_samples(network, tmp_path / "found")


def test_an_average_goes_before_what_it_averages(tmp_path: Path) -> None:
    average, latest = lived(Example(size=16)), Example(size=16)
    torch.save({"G": latest.state_dict(), "G_ema": average.state_dict()}, tmp_path / "both.pt")
    exchange.bring_in(tmp_path / "both.pt", tmp_path / "found" / "theirs")
    same_samples(average, tmp_path / "found")


def gray(**changed: Tensor) -> dict[str, Tensor]:
    """The tensors of the example of 16 pixels, some of them others."""
    state = Example(size=16, channels=1).state_dict()
    return state | {name.replace("_", "."): tensor for name, tensor in changed.items()}


REFUSED: dict[str, tuple[dict[str, Tensor], str]] = {
    "a discriminator": (
        {"main.0.weight": torch.zeros(64, 3, 4, 4), "main.2.weight": torch.zeros(128, 64, 4, 4)},
        "take images of 3 channels",
    ),
    "a kernel that is no square": (
        gray(main_3_weight=torch.zeros(8, 4, 5, 3)),
        "layer 'main.3' has weights 8x4x5x3, whose kernel is not a square",
    ),
    "channels that nobody makes": (
        gray(main_3_weight=torch.zeros(9, 4, 4, 4)),
        "layer 'main.3' has weights 9x4x4x4 for 9 or 4 channels, and it is given 8",
    ),
    "a side that is no image's": (
        gray(main_0_weight=torch.zeros(12, 8, 2, 2), main_3_weight=torch.zeros(8, 4, 2, 2)),
        "layer 'main.6' makes images of",
    ),
    "two channels": (
        gray(main_6_weight=torch.zeros(4, 2, 4, 4)),
        "layer 'main.6' makes 2 channels, neither gray nor RGB",
    ),
    "a norm of others": (
        {
            name: torch.ones(7) if name.startswith("main.1.") else tensor
            for name, tensor in gray().items()
            if name != "main.1.num_batches_tracked"
        },
        "layer 'main.0' has weights 12x8x4x4, and no stride and padding lead",
    ),
    "a norm of two lengths": (
        gray() | {"main.1.weight": torch.ones(7)},
        "layer 'main.1' has weight, bias, running_mean, running_var that do not belong together",
    ),
    "attention": (gray(main_3_gamma=torch.zeros(1)), "layer 'main.3' has gamma beside"),
    "video": (gray(main_3_weight=torch.zeros(8, 4, 4, 4, 4)), "weights 8x4x4x4x4: neither"),
    "a matrix to no image": (
        {"fc.0.weight": torch.zeros(128, 100), "fc.0.bias": torch.zeros(128)},
        "layer 'fc.0' has weights 128x100 and ends in 128 numbers, which are no gray or RGB image",
    ),
    "takes images": (
        {"net.0.weight": torch.zeros(64, 3, 7, 7), "net.3.weight": torch.zeros(128, 64, 3, 3)},
        "layer 'net.0' has weights 64x3x7x7, which take images of 3 channels",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_rebuilt_is_refused_with_the_layer(name: str, tmp_path: Path) -> None:
    content, reason = REFUSED[name]
    with pytest.raises(ValueError, match=reason) as caught:
        exchange.propose_from(content, "it.pth", "0" * 64)
    assert "\n" not in str(caught.value)


def test_what_is_no_dict_of_tensors_is_refused(tmp_path: Path) -> None:
    for content, reason in (
        ({"epoch": 3}, "it must hold 1 to"),
        ([torch.zeros(3)], "it holds a list in place of a dict of tensors"),
    ):
        torch.save(content, tmp_path / "it.pth")
        with pytest.raises(ValueError, match=reason) as caught:
            exchange.bring_in(tmp_path / "it.pth", tmp_path / "found" / "theirs")
        assert str(tmp_path) not in str(caught.value)
        assert not (tmp_path / "found").exists()


class Evil:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {os.environ['EVIL_MARK']}",)


def test_code_in_a_file_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "ran"
    monkeypatch.setenv("EVIL_MARK", str(mark))
    for name, write in (
        ("evil.pth", lambda path: torch.save({"main.0.weight": Evil()}, path)),
        ("bare.pkl", lambda path: path.write_bytes(pickle.dumps(Evil()))),
        ("module.pth", lambda path: torch.save(Example(size=16), path)),
    ):
        write(tmp_path / name)
        with pytest.raises(ValueError, match="cannot be read as weights"):
            reading.read_tensors(tmp_path / name)
    assert not mark.exists()


def test_damaged_files_are_one_sentence(tmp_path: Path) -> None:
    torch.save(Example(size=16).state_dict(), tmp_path / "whole.pth")
    whole = (tmp_path / "whole.pth").read_bytes()
    header = (10**12).to_bytes(8, "little") + b"{"
    for content in (b"", b"GIF89a", whole[: len(whole) // 2], header, whole[:100] * 50):
        (tmp_path / "broken.pth").write_bytes(content)
        with pytest.raises(ValueError, match=r"'broken.pth'") as caught:
            reading.read_tensors(tmp_path / "broken.pth")
        assert "\n" not in str(caught.value)
        assert "Traceback" not in str(caught.value)
    with pytest.raises(ValueError, match="A file with weights is needed"):
        reading.read_tensors(tmp_path / "nowhere.pth")


def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    (tmp_path / "large.pth").write_bytes(b"x" * 11)
    with pytest.raises(ValueError, match=r"at most 10 bytes, and 'large\.pth' holds 11"):
        reading.read_tensors(tmp_path / "large.pth")


# Out


@pytest.mark.parametrize(("norm", "encoder"), [("batch", False), ("none", False), ("batch", True)])
def test_out_and_in_again_is_the_same(norm: str, encoder: bool, tmp_path: Path) -> None:
    """An encoder beside G stays behind."""
    config = Config(
        network={"latent_dim": LATENT, "g_width": 4, "d_width": 4, "g_norm": norm},
        data={"size": 32},
        autoencoder={"encoder": encoder},
    )
    G = lived(build_pair(config, (1, 32, 32))[0], ())
    state = exchange.to_example(G)  # type: ignore[arg-type]
    example = Example(size=32, channels=1, norms=norm == "batch")
    example.load_state_dict(state, strict=True)
    z = torch.randn(3, LATENT)
    with torch.no_grad():
        expected = G(z)
        torch.testing.assert_close(
            example.eval()(z[:, :, None, None]), expected, rtol=1e-4, atol=1e-5
        )
    torch.save(state, tmp_path / "out.pth")
    checkpoint = exchange.bring_in(tmp_path / "out.pth", tmp_path / "found" / "back")
    with torch.no_grad():
        assert torch.equal(load_generator(checkpoint)(z), expected)


def test_what_the_example_does_not_know_is_not_exported() -> None:
    for network in ({"architecture": "resnet"}, {"attention": 8}, {"g_norm": "virtual"}):
        config = Config(network={"latent_dim": 4, "g_width": 4, "d_width": 4, **network})
        G, _ = build_pair(config, (1, 32, 32))
        with pytest.raises(ValueError, match=r"is a plain DCGAN's|knows no classes"):
            exchange.to_example(G)


# The command line


def test_import_and_export_from_the_command_line(
    tmp_path: Path, runs_root: Path, pretrained_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = lived(Example(size=16))
    torch.save(network.state_dict(), tmp_path / "netG.pth")
    assert main(["import", str(tmp_path / "netG.pth"), "--name", "theirs"]) == 0
    assert "Imported theirs: 16x16 pixels, z of 12, width 4" in capsys.readouterr().out
    same_samples(network, runs_root)
    assert main(["import", str(tmp_path / "netG.pth"), "--name", "theirs"]) == 2
    assert "theirs" in capsys.readouterr().err
    out = tmp_path / "out.pth"
    assert main(["export", "theirs", "--to", str(out), "--as", "state-dict"]) == 0
    saved = torch.load(out, weights_only=True)
    for name, value in network.state_dict().items():
        assert torch.equal(saved[name], value), name
    assert main(["export", "theirs", "--to", str(tmp_path / "to" / "copy")]) == 0
    assert "Exported copy" in capsys.readouterr().out
    same_samples(network, tmp_path / "to")
