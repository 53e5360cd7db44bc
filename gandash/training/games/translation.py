"""The games of image translation: pix2pix on pairs (Isola et al. 2017, arXiv:1611.07004), CycleGAN
on two sets of images (Zhu et al. 2017, arXiv:1703.10593).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gandash.data import Dataset
from gandash.kinds import PAIRS
from gandash.networks.translation import Judges, Translator
from gandash.networks.unet import DROPPED
from gandash.pictures.pixels import to_uint8, to_unit
from gandash.report import Progress, Report
from gandash.training import averaging, optimizers
from gandash.training.games.turns import Turns, buffers_of, freeze
from gandash.training.reports import Measured
from gandash.training.source import Batch
from gandash.training.state import State
from gandash.training.streams import Purpose

PASSES = 6  # of G in an update of CycleGAN


@dataclass(frozen=True)
class Made:
    """What G makes of a batch: the targets of sources and, where both directions are learned, the
    sources of targets; images (N, C, S, S) in [-1, 1].
    """

    there: Tensor
    back: Tensor | None = None


class TranslationGame(Turns):
    """G translates the first image of a pair into the second; D judges patches of the result.

    In CycleGAN two G translate there and back, each against a D of its own, and no loss looks at
    which images belong together: the targets of a batch are moved on by one place. D learns first,
    then G on the same images.
    """

    def __init__(self, state: State) -> None:
        super().__init__(state)
        assert isinstance(state.G, Translator)
        assert isinstance(state.D, Judges)
        self.G = state.G
        self.D = state.D
        self.settings = state.config.translation
        self.both_ways = state.G.back is not None

    def begin(self, dataset: Dataset) -> None:
        """Some pairs become those that snapshots show: held-out ones, where there are any."""
        shown = dataset.held_out or dataset
        order = self.streams.permutation(Purpose.EXAMPLES, 0, len(shown))
        self.state.examples = shown.images[order[: PAIRS.snapshot]].clone()

    # Updates

    def update(self, batch: Batch) -> None:
        """One update of D, one of G on the same images."""
        source, target = self._sides(batch.real)
        made = self._make(source, target, batch)
        with self.sized("D", batch):
            d_loss, real_logits, fake_logits, d_norm = self._update_d(source, target, made, batch)
        with self.sized("G", batch):
            g_loss, distance, logits, g_norm = self._update_g(source, target, made, batch)
        if batch.reported:
            after = self._score(source, batch)
            self.scores = [logits.sigmoid().mean(), after]
        measured = Measured(
            d_loss, g_loss, real_logits, fake_logits, d_norm, g_norm, distance=distance
        )
        self.state.window.add(measured, 1, 1)

    def update_alone(self, who: str, batch: Batch) -> None:
        """One update of D or of G, against the other as it stands."""
        source, target = self._sides(batch.real)
        made = self._make(source, target, batch)
        if who == "G":
            self._update_g(source, target, made, batch)
        else:
            self._update_d(source, target, made, batch)

    def _sides(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Sources and targets (N, C, S, S) of pairs (N, 2, C, S, S)."""
        last = self.state.arithmetic.channels_last
        order = torch.channels_last if last else torch.contiguous_format
        source, target = (side.contiguous(memory_format=order) for side in pairs.unbind(1))
        return source, target.roll(1, 0) if self.both_ways else target

    def _make(self, source: Tensor, target: Tensor, batch: Batch) -> Made:
        G = self.G
        with self.autocast():
            there = G.there(source, self._chance(G.there, batch, 0)).float()
            if G.back is None:
                return Made(there)
            return Made(there, G.back(target, self._chance(G.back, batch, 1)).float())

    def _chance(self, network: nn.Module, batch: Batch, number: int) -> list[Tensor]:
        """Numbers for the dropout of a network's pass, of so many passes in an update."""
        chance: list[Tensor] = []
        passes = batch.number * PASSES + number
        for place, shape in enumerate(network.dropped):  # type: ignore[arg-type]
            count = len(batch.real) * torch.Size(shape).numel()
            drawn = self.streams.uniform(Purpose.DROPOUT, passes * DROPPED + place, count)
            chance.append(drawn.view(-1, *shape).to(self.state.device, non_blocking=True))
        return chance

    def _update_d(
        self, source: Tensor, target: Tensor, made: Made, batch: Batch
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """D's loss (the mean of both where there are two), its logits (M,) on the patches of real
        and of made targets, the norm of its gradient.

        Both papers halve the loss, which Adam does not feel.
        """
        D = self.D
        shown = self._pooled("target", made.there, batch)
        with self.autocast():
            real = D.of_target(self._seen(source, target)).float()
            fake = D.of_target(self._seen(source, shown)).float()
        loss = self.d_loss(real.flatten(), fake.flatten())
        total = loss
        if D.of_source is not None and made.back is not None:
            shown = self._pooled("source", made.back, batch)
            with self.autocast():
                logits = (D.of_source(source).float(), D.of_source(shown).float())
            other = self.d_loss(*(it.flatten() for it in logits))
            total = loss + other
            loss = total / 2
        self.set_rate(self.state.d_optimizer, self.config.optimizer.d_lr, batch)
        norm = optimizers.update(self.state.d_optimizer, total)
        return loss.detach(), real.detach().flatten(), fake.detach().flatten(), norm

    def _pooled(self, name: str, made: Tensor, batch: Batch) -> Tensor:
        if not self.both_ways:
            return made.detach()
        number = 2 * batch.number + (name == "source")
        drawn = self.streams.uniform(Purpose.POOL, number, 2 * len(made))
        return self.state.pools[name].exchange(made, drawn)

    def _seen(self, source: Tensor, image: Tensor) -> Tensor:
        """What D of the targets is shown: in pix2pix the source beside the image."""
        return image if self.both_ways else torch.cat([source, image], dim=1)

    def _update_g(
        self, source: Tensor, target: Tensor, made: Made, batch: Batch
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """G's loss against D alone, how far its images are from the targets (in CycleGAN, what
        comes back from what went), D's logits (M,) on them, the norm of G's gradient.
        """
        state = self.state
        freeze(state.d_optimizer, frozen=True)
        with self.autocast():
            logits = self.D.of_target(self._seen(source, made.there)).float().flatten()
        loss = self.g_loss(logits)
        if made.back is None:
            distance = (made.there - target).abs().mean()
            total = loss + self.settings.l1 * distance
        else:
            assert self.D.of_source is not None
            with self.autocast():
                other = self.g_loss(self.D.of_source(made.back).float().flatten())
            distance, further = self._around(source, target, made, batch)
            total = loss + other + further
            loss = (loss + other) / 2
        self.set_rate(state.g_optimizer, self.config.optimizer.g_lr, batch)
        norm = optimizers.update(state.g_optimizer, total)
        freeze(state.d_optimizer, frozen=False)
        if state.ema is not None:
            averaging.update(state.ema, self.G, self.ema_decay(batch))
        return loss.detach(), distance.detach(), logits.detach(), norm

    def _around(
        self, source: Tensor, target: Tensor, made: Made, batch: Batch
    ) -> tuple[Tensor, Tensor]:
        """How far images are from what comes back of them, the mean over both ways; and what G
        minimizes of it, with what it changes in images that are targets already.
        """
        G = self.G
        assert G.back is not None
        assert made.back is not None
        with self.autocast():
            source_again = G.back(made.there, self._chance(G.back, batch, 2)).float()
            target_again = G.there(made.back, self._chance(G.there, batch, 3)).float()
        cycle = (source_again - source).abs().mean() + (target_again - target).abs().mean()
        weight = self.settings.cycle
        total = weight * cycle
        if self.settings.identity:
            with self.autocast():
                same_target = G.there(target, self._chance(G.there, batch, 4)).float()
                same_source = G.back(source, self._chance(G.back, batch, 5)).float()
            kept = (same_target - target).abs().mean() + (same_source - source).abs().mean()
            total = total + weight * self.settings.identity * kept
        return cycle / 2, total

    @torch.no_grad()
    def _score(self, source: Tensor, batch: Batch) -> Tensor:
        """Mean D of what G makes of the sources now, as both stand; no trace of it is left."""
        there, judge = self.G.there, self.D.of_target
        with self.autocast():
            arguments = (source, self._chance(there, batch, 0))
            made = functional_call(there, buffers_of(there), arguments)
            logits = functional_call(judge, buffers_of(judge), (self._seen(source, made),))
        score: Tensor = logits.float().sigmoid().mean()
        return score

    # Samples

    @torch.inference_mode()
    def sample(self, z: Tensor) -> Tensor:
        """Translations uint8 (N, C, S, S) of sources ``z`` (N, C, S, S) uint8, on the CPU, by the
        moving average where there is one, without dropout.
        """
        return self._translated(self._sampler().there, z)

    @torch.inference_mode()
    def snapshot(self) -> Tensor:
        """The examples, one a row: source, translation, target; with both ways there, also what
        comes back of the translation, the target's source, and what comes back of that.
        """
        assert self.state.examples is not None
        source, target = self.state.examples.unbind(1)
        G = self._sampler()
        there = self._translated(G.there, source)
        if G.back is None:
            return torch.stack([source, there, target], dim=1)
        back = self._translated(G.back, target)
        again = self._translated(G.back, there)
        target_again = self._translated(G.there, back)
        return torch.stack([source, there, again, target, back, target_again], dim=1)

    def _sampler(self) -> Translator:
        G = copy.deepcopy(self.state.sampler).eval()
        assert isinstance(G, Translator)
        return G

    def _translated(self, network: nn.Module, images: Tensor) -> Tensor:
        return to_uint8(network(to_unit(images).to(self.state.device))).cpu()

    def report(self, progress: Progress) -> Report:
        """Read the window's measurements from the device, in one transfer."""
        return self.row(progress, {})
