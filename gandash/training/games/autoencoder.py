"""The game of the conditional adversarial autoencoder (Zhang, Song and Qi 2017, arXiv:1702.08423,
after Makhzani et al. 2015, arXiv:1511.05644).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gandash.losses.objectives import losses
from gandash.networks import Discriminator, Encoder, LatentJudge
from gandash.training.games.judgement import Judgement
from gandash.training.games.noise import NoiseGame, Verdict
from gandash.training.games.turns import freeze
from gandash.training.source import Batch
from gandash.training.state import State

OBJECTIVE = "non-saturating"  # of the discriminator on z, whatever that of the images


@dataclass(frozen=True)
class Codes:
    """z of a batch: ``made`` (M, latent_dim) by the encoder of its first M images, of ``labels``
    (M,) if they have some, and as many ``drawn`` from the prior for the discriminator on z.
    """

    made: Tensor
    drawn: Tensor
    labels: Tensor | None


def _autoencoder_players(state: State) -> tuple[Encoder, LatentJudge]:
    assert isinstance(state.D, Discriminator)
    assert isinstance(state.G.encoder, Encoder)
    assert state.D.of_z is not None
    return state.G.encoder, state.D.of_z


class AutoencoderGame(NoiseGame):
    """E makes z of images, G makes them again of z and label; D judges images, another one z.

    The game of the images is that of noise, but for where z comes from: E(x) for the first images
    of a batch, and for the rest the prior, where samples are drawn (in the paper all are E's). E
    and G minimize what they lose against D, the squared distance of what was made again, its total
    variation, and E also what it loses against the discriminator on z. E belongs to G, the
    discriminator on z to D, each with one optimizer and one saved state. The paper's prior is
    uniform and its E ends in tanh; here z is Gaussian, as everywhere else, and E's is unbounded.
    Where G is told a label, the discriminator on z is told it too, which the paper's is not.
    """

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.E, self.of_z = _autoencoder_players(state)
        self.settings = state.config.autoencoder
        self.d_loss_on_z, self.g_loss_on_z = losses(OBJECTIVE)
        self.codes: Codes | None = None  # of the batch that is being learned from
        self.widths: list[Tensor] = []  # what a reported step tells of z

    def latents(self, batch: Batch, extra: int = 0) -> Tensor:
        """z (N, latent_dim) of a batch: E's of its first images, the rest drawn."""
        drawn = super().latents(batch, extra)
        encoded = len(drawn) - round(self.settings.prior_share * len(drawn))
        with self.autocast():
            made = self.E(batch.real[:encoded]).float()
        labels = None if batch.labels is None else batch.labels[:encoded]
        self.codes = Codes(made, drawn[:encoded], labels)
        return torch.cat([made, drawn[encoded:]])

    def penalized(self, seen: Judgement, batch: Batch) -> Tensor:
        """D's loss on images, with its penalties, and that of the discriminator on z."""
        codes = self._codes()
        drawn = self.of_z(codes.drawn, codes.labels)
        made = self.of_z(codes.made.detach(), codes.labels)
        if batch.reported:
            width = codes.made.detach().var(0, unbiased=False).mean().sqrt()
            self.widths = [drawn.detach().sigmoid().mean(), made.detach().sigmoid().mean(), width]
        return super().penalized(seen, batch) + self.d_loss_on_z(drawn, made)

    def update_g(
        self, fake: Tensor, batch: Batch, extra: int = 0, further: Tensor | None = None
    ) -> Verdict:
        """One update of E and G, on what was made of the batch's z."""
        settings = self.settings
        codes = self._codes()
        made = codes.made
        again = fake[: len(made)].float()
        wrong = again - batch.real[: len(made)]
        total = settings.reconstruction * wrong.square().mean()
        if settings.variation:
            total = total + settings.variation * total_variation(fake.float())
        if settings.z_weight:
            freeze(self.state.d_optimizer, frozen=True)
            total = total + settings.z_weight * self.g_loss_on_z(self.of_z(made, codes.labels))
        if further is not None:
            total = total + further
        verdict = super().update_g(fake, batch, extra, total)
        return replace(verdict, distance=wrong.detach().abs().mean())

    def _codes(self) -> Codes:
        assert self.codes is not None
        return self.codes

    def columns(self) -> dict[str, Tensor]:
        """What is told of the last step alone, with what it tells of z."""
        named = zip(("d_prior", "d_code", "z_std"), self.widths, strict=False)
        return super().columns() | dict(named)

    def begin_row(self) -> None:
        """Empty the window."""
        super().begin_row()
        self.widths.clear()


def total_variation(images: Tensor) -> Tensor:
    """The mean absolute difference between neighboring pixels of images (N, C, H, W), along both
    sides: 0 for images of one color.
    """
    down = images[:, :, 1:] - images[:, :, :-1]
    across = images[:, :, :, 1:] - images[:, :, :, :-1]
    return down.abs().mean() + across.abs().mean()
