"""Generators of many families: what their shapes leave open is proposed, and one of the proposals
makes their very samples; batch norms say which.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, relu
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from gandash import browser, exchange
from gandash.checkpoints.weights import load_discriminator, load_generator
from gandash.cli.main import main
from gandash.exchange import likeness
from gandash.exchange.named_layers import groups
from gandash.exchange.readings import readings
from tests.exchange.found import LATENT, Example, lived

WIDTH = 8


class Upsampling(nn.Module):
    """A matrix, then enlarged maps and plain 3x3 convolutions, with an epsilon of 0.8."""

    def __init__(self) -> None:
        super().__init__()
        self.l1 = nn.Sequential(nn.Linear(LATENT, WIDTH * 49))
        self.conv_blocks = nn.Sequential(
            nn.BatchNorm2d(WIDTH),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1),
            nn.BatchNorm2d(WIDTH, 0.8),
            nn.LeakyReLU(0.2),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(WIDTH, 4, 3, padding=1),
            nn.BatchNorm2d(4, 0.8),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4, 1, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.conv_blocks(self.l1(z).view(len(z), WIDTH, 7, 7))  # type: ignore[no-any-return]


class Fives(nn.Module):
    """A matrix, a norm of its numbers, 5x5 transposed convolutions by name, no biases."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(LATENT, WIDTH * 49, bias=False)
        self.bn0 = nn.BatchNorm1d(WIDTH * 49)
        self.deconv1 = nn.ConvTranspose2d(WIDTH, WIDTH, 5, 1, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.deconv2 = nn.ConvTranspose2d(WIDTH, 4, 5, 2, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(4)
        self.deconv3 = nn.ConvTranspose2d(4, 1, 5, 2, 2, 1, bias=False)

    def forward(self, z: Tensor) -> Tensor:
        x = leaky_relu(self.bn0(self.fc(z)), 0.2).view(-1, WIDTH, 7, 7)
        x = leaky_relu(self.bn1(self.deconv1(x)), 0.2)
        x = leaky_relu(self.bn2(self.deconv2(x)), 0.2)
        return torch.tanh(self.deconv3(x))


class NormsApart(nn.Module):
    """Norms that are all defined before the layers, and no numbers in names."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_a = nn.BatchNorm2d(WIDTH)
        self.norm_b = nn.BatchNorm2d(4)
        self.start = nn.Linear(LATENT, WIDTH * 64)
        self.grow = nn.ConvTranspose2d(WIDTH, 4, 4, 2, 1)
        self.more = nn.ConvTranspose2d(4, 4, 4, 2, 1)
        self.end = nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = relu(self.norm_a(self.start(z).view(-1, WIDTH, 8, 8)))
        x = relu(self.norm_b(self.grow(x)))
        return torch.tanh(self.end(relu(self.more(x))))


class NoNorms(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(LATENT, WIDTH * 49)
        self.c1 = nn.Conv2d(WIDTH, 4, 5, padding=2)
        self.c2 = nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = relu(self.lin(z)).view(-1, WIDTH, 7, 7)
        x = relu(self.c1(interpolate(x, scale_factor=2)))
        return torch.tanh(self.c2(interpolate(x, scale_factor=2)))


class Slim(nn.Module):
    """Matrices to 28x28, as courses have them."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(LATENT, 16)
        self.fc2 = nn.Linear(16, 32)
        self.fc3 = nn.Linear(32, 784)

    def forward(self, z: Tensor) -> Tensor:
        x = leaky_relu(self.fc2(leaky_relu(self.fc1(z), 0.2)), 0.2)
        return torch.tanh(self.fc3(x)).view(-1, 1, 28, 28)


def row(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers)


def matrices(epsilon: float) -> nn.Module:
    return row(
        nn.Linear(LATENT, 16),
        nn.LeakyReLU(0.2),
        nn.Linear(16, 32),
        nn.BatchNorm1d(32, epsilon),
        nn.LeakyReLU(0.2),
        nn.Linear(32, 784),
        nn.Tanh(),
        nn.Unflatten(1, (1, 28, 28)),
    )


def seven() -> nn.Module:
    return row(
        nn.ConvTranspose2d(LATENT, WIDTH, 7),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(WIDTH, 4, 4, 2, 1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 1, 4, 2, 1),
        nn.Sigmoid(),
    )


def threes() -> nn.Module:
    """1, 4, 7, 14, 28 pixels: a 3x3 kernel whose stride no shape tells."""
    return row(
        nn.ConvTranspose2d(LATENT, 16, 4, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.ConvTranspose2d(16, WIDTH, 3, 2, 1, bias=False),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(WIDTH, 4, 4, 2, 1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 1, 4, 2, 1, bias=False),
        nn.Tanh(),
    )


def plain_between() -> nn.Module:
    return row(
        nn.ConvTranspose2d(LATENT, WIDTH, 4, bias=False),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(WIDTH, 4, 4, 2, 1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 6, 3, padding=1, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.ConvTranspose2d(6, 3, 4, 2, 1),
        nn.Tanh(),
    )


def norms_behind() -> nn.Module:
    return row(
        nn.ConvTranspose2d(LATENT, WIDTH, 4),
        nn.ReLU(),
        nn.BatchNorm2d(WIDTH),
        nn.ConvTranspose2d(WIDTH, 4, 4, 2, 1),
        nn.ReLU(),
        nn.BatchNorm2d(4),
        nn.ConvTranspose2d(4, 1, 4, 2, 1),
        nn.Tanh(),
    )


def learned_slopes() -> nn.Module:
    return row(
        nn.ConvTranspose2d(LATENT, WIDTH, 4),
        nn.BatchNorm2d(WIDTH),
        nn.PReLU(),
        nn.ConvTranspose2d(WIDTH, 4, 4, 2, 1),
        nn.InstanceNorm2d(4, affine=True),
        nn.PReLU(4),
        nn.ConvTranspose2d(4, 1, 4, 2, 1),
        nn.Tanh(),
    )


def wrapped(wrap: Callable[[nn.Module], nn.Module]) -> nn.Module:
    return row(
        wrap(nn.ConvTranspose2d(LATENT, WIDTH, 4)),
        nn.ReLU(),
        wrap(nn.ConvTranspose2d(WIDTH, WIDTH, 4, 2, 1)),
        nn.ReLU(),
        nn.ConvTranspose2d(WIDTH, 1, 4, 2, 1),
        nn.Tanh(),
    )


FLAT: tuple[int, ...] = ()
PLACE = (1, 1)
# Each: how it is built, the axes of z, its range, and how late among the proposals it may stand.
FAMILIES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "enlarged maps, epsilon 0.8": (Upsampling, FLAT, 1),
    "5x5, a linear start": (Fives, FLAT, 1),
    "norms defined apart": (NormsApart, FLAT, 4),
    "5x5 and 3x3 plain, no norms": (NoNorms, FLAT, 12),
    "matrices by name": (Slim, FLAT, 12),
    "matrices, epsilon 0.8": (lambda: matrices(0.8), FLAT, 4),
    "matrices": (lambda: matrices(1e-5), FLAT, 1),
    "7x7 start, sigmoid": (seven, PLACE, 12),
    "3x3 from 4 to 7 pixels": (threes, PLACE, 4),
    "plain convolutions between": (plain_between, PLACE, 1),
    "norms behind activations": (norms_behind, PLACE, 1),
    "learned slopes": (learned_slopes, PLACE, 1),
    "spectral norm": (lambda: wrapped(parametrizations.spectral_norm), PLACE, 12),
    "weight norm": (lambda: wrapped(parametrizations.weight_norm), PLACE, 12),
}


def images_of(network: nn.Module, z: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Its images in [-1, 1], padded with black to a side that gandash has."""
    with torch.no_grad():
        images: Tensor = network(z.view(*z.shape, *axes))
    if isinstance(list(network.modules())[-1], nn.Sigmoid):
        images = 2 * images - 1
    margin = (32 - images.shape[-1]) // 2 if images.shape[-1] == 28 else 0
    return nn.functional.pad(images, (margin,) * 4, value=-1.0)


def place_of(network: nn.Module, proposal: exchange.Proposal, axes: tuple[int, ...]) -> int:
    """The number of the first proposal that makes the network's samples; 0 if none does."""
    z = torch.randn(4, LATENT, generator=torch.Generator().manual_seed(3))
    wanted = images_of(network, z, axes)
    for number, candidate in enumerate(proposal.candidates, 1):
        made = candidate.reading.build()(z)
        if made.shape == wanted.shape and torch.allclose(made, wanted, rtol=1e-3, atol=1e-4):
            return number
    return 0


@pytest.mark.parametrize("name", FAMILIES)
def test_families_are_proposed_and_make_the_same_samples(name: str, tmp_path: Path) -> None:
    build, axes, latest = FAMILIES[name]
    torch.manual_seed(0)
    network = lived(build(), axes)
    proposal = exchange.propose_from(network.state_dict(), "G.pth", "0" * 64)
    number = place_of(network, proposal, axes)
    assert 1 <= number <= latest, [candidate.words for candidate in proposal.candidates]
    kept = exchange.keep(proposal, tmp_path / "theirs", "Theirs", "MIT", number)
    z = torch.randn(2, LATENT)
    G = load_generator(kept)
    torch.testing.assert_close(G(z), images_of(network, z, axes), rtol=1e-3, atol=1e-4)
    assert kept.card.imported is not None
    assert kept.card.imported.reading == proposal.candidates[number - 1].words


def test_the_older_spectral_and_weight_norm_are_known_too() -> None:
    torch.manual_seed(0)
    for wrap in (spectral_norm, weight_norm):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # they say that they are the older ones
            network = lived(wrapped(wrap), PLACE)
        proposal = exchange.propose_from(network.state_dict(), "G.pth", "0" * 64)
        assert place_of(network, proposal, PLACE)


def test_a_generator_beside_a_discriminator_and_an_optimizer_is_found() -> None:
    torch.manual_seed(0)
    network = lived(threes(), PLACE)
    D = row(nn.Conv2d(1, 4, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 4, 2, 1))
    tensors = {f"module.netD.{name}": it for name, it in D.state_dict().items()}
    tensors |= {f"module.netG.{name}": it for name, it in network.state_dict().items()}
    tensors |= {"optimizer.state.0.exp_avg": torch.zeros(3, 3), "fixed_noise": torch.zeros(8, 12)}
    proposal = exchange.propose_from(tensors, "all.pth", "0" * 64)
    assert proposal.group.prefix == "module.netG"
    assert place_of(network, proposal, PLACE)


class Strided(nn.Module):
    """A discriminator from 28 to 14, 7 and 4 pixels, norms behind rectifiers."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Dropout2d(0.25),
            nn.Conv2d(4, 8, 3, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Dropout2d(0.25),
            nn.BatchNorm2d(8),
            nn.Conv2d(8, 8, 3, 2, 1),
            nn.LeakyReLU(0.2),
        )
        self.adv_layer = nn.Sequential(nn.Linear(8 * 16, 1), nn.Sigmoid())

    def forward(self, images: Tensor) -> Tensor:
        return self.adv_layer[0](self.model(images).flatten(1))  # type: ignore[no-any-return]


def matrix_judge() -> nn.Module:
    return row(
        nn.Flatten(),
        nn.Linear(784, 16),
        nn.LeakyReLU(0.2),
        nn.Linear(16, 8),
        nn.LeakyReLU(0.2),
        nn.Linear(8, 1),
    )


def example_judge() -> nn.Module:
    return row(
        nn.Conv2d(1, 4, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4, 8, 4, 2, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.LeakyReLU(0.2),
        nn.Conv2d(8, 1, 7, 1, 0, bias=False),
    )


JUDGES: dict[str, Callable[[], nn.Module]] = {
    "strided": Strided,
    "matrices": matrix_judge,
    "of the example": example_judge,
}


@pytest.mark.parametrize("name", JUDGES)
def test_the_discriminator_that_comes_along_says_the_same(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = lived(threes(), PLACE)
    with torch.no_grad():
        images = network(torch.randn(256, LATENT, 1, 1))
    D = lived(JUDGES[name](), inputs=images)
    tensors = {f"netG.{last}": it for last, it in network.state_dict().items()}
    tensors |= {f"netD.{last}": it for last, it in D.state_dict().items()}
    proposal = exchange.propose_from(tensors, "all.pth", "0" * 64)
    number = place_of(network, proposal, PLACE)
    kept = exchange.keep(proposal, tmp_path / "theirs", "Theirs", "MIT", number)
    padded = nn.functional.pad(images[:4], (2,) * 4, value=-1.0)
    with torch.no_grad():
        wanted = D(images[:4]).flatten()
    judged = load_discriminator(kept)(padded)
    torch.testing.assert_close(judged, wanted, rtol=1e-3, atol=1e-3)
    if name != "strided":  # which goes from 7 pixels to 4
        program = browser.describe_discriminator(load_discriminator(kept), kept.card.data.shape)
        assert program.layers[0].kind == "pad"


def test_a_choice_that_is_not_there_is_refused(tmp_path: Path) -> None:
    network = lived(matrices(0.8), FLAT)
    proposal = exchange.propose_from(network.state_dict(), "G.pth", "0" * 64)
    with pytest.raises(ValueError, match="choose must be 1 to"):
        exchange.keep(proposal, tmp_path / "theirs", "Theirs", "MIT", 99)
    assert not (tmp_path / "theirs").exists()


def test_the_command_line_lists_the_ways_and_takes_one(
    tmp_path: Path, runs_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = lived(seven(), PLACE)
    torch.save(network.state_dict(), tmp_path / "G.pth")
    wanted = ["import", str(tmp_path / "G.pth"), "--name", "theirs"]
    assert main([*wanted, "--grids", str(tmp_path / "grids.png")]) == 0
    listed = capsys.readouterr().out
    assert (tmp_path / "grids.png").read_bytes().startswith(b"\x89PNG")
    assert not (runs_root / "theirs").exists()
    lines = [line for line in listed.splitlines() if "sigmoid" in line]
    number = lines[0].split()[0]
    assert main([*wanted, "--choose", number]) == 0
    assert "Imported theirs: 32x32 pixels, z of 12" in capsys.readouterr().out
    assert main(["sample", "theirs", "--count", "4", "--out", str(tmp_path / "s.png")]) == 0


def test_what_the_browser_cannot_run_is_said() -> None:
    network = lived(learned_slopes(), PLACE)
    proposal = exchange.propose_from(network.state_dict(), "G.pth", "0" * 64)
    with pytest.raises(browser.UnsupportedError, match="its layer PReLU"):
        browser.describe(proposal.candidates[0].reading.build())


def test_example_is_gandashs_own() -> None:
    """The official example's generator needs no plan: it can be trained on."""
    network = lived(Example(size=16))
    proposal = exchange.propose_from(network.state_dict(), "G.pth", "0" * 64)
    assert proposal.candidates[0].reading.plain


def test_random_shapes_are_rebuilt_or_refused_in_one_sentence() -> None:
    """Whatever stands in a file: proposals that make images, or a sentence, soon."""
    rng = np.random.RandomState(0)
    taken = 0
    for _ in range(150):
        tensors: dict[str, Tensor] = {}
        channels = int(rng.choice([3, 4, 8]))
        for number in range(rng.randint(1, 6)):
            following = int(rng.choice([1, 3, 4, 8, 784]))
            kernel = int(rng.choice([0, 1, 2, 3, 4, 5, 7, 17]))
            shape = (channels, following) if rng.rand() < 0.6 else (following, channels)
            shape += (kernel, kernel) if kernel else ()
            tensors[f"{rng.choice(['net', 'a', 'G.b'])}.{2 * number}.weight"] = torch.randn(shape)
            if rng.rand() < 0.3:
                for last in ("weight", "bias", "running_mean", "running_var")[: rng.randint(1, 5)]:
                    tensors[f"net.{2 * number + 1}.{last}"] = torch.rand(following)
            channels = following
        try:
            proposal = exchange.propose_from(tensors, "x.pth", "0" * 64)
        except ValueError:
            continue
        taken += 1
        assert all(it.samples.isfinite().all() for it in proposal.candidates)
    assert taken


def test_what_is_too_large_to_be_tried_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = {
        "net.0.weight": torch.zeros(4, 64, 4, 4),
        "net.1.weight": torch.zeros(64, 1, 4, 4),
        "net.2.weight": torch.zeros(1, 1, 4, 4),
    }
    (group, *_) = [it for it in groups(wide) if it.prefix == "net"]
    reading = next(it for it in readings(group) if it.side == 16)
    G = reading.build()
    largest = 0

    def look(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        nonlocal largest
        largest = max(largest, output[0].numel())

    for module in G.layers:
        module.register_forward_hook(look)
    G(torch.zeros(1, 4))
    assert largest <= reading.effort[0] <= 64 * largest
    assert likeness.samples_for([reading]) == 64
    monkeypatch.setattr(likeness, "MOST_PRODUCTS", 20 * reading.effort[1])
    assert likeness.samples_for([reading] * 2) == 10
    with pytest.raises(ValueError, match="choose a smaller one"):
        likeness.samples_for([reading] * 10)
