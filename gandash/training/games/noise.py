"""The game of a generator that is fed noise against a discriminator."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gandash import latent
from gandash.data import Dataset
from gandash.kinds import of_batch, of_shape
from gandash.losses.augmentations import NUMBERS, augment
from gandash.losses.feature_matching import feature_matching
from gandash.losses.objectives import OBJECTIVES, losses
from gandash.losses.regularizers import (
    clip_weights,
    gradient_penalty,
    instance_noise_std,
    off_diagonal,
    squared_slope,
)
from gandash.networks import Discriminator, Ensemble, Generator, progressive
from gandash.networks.layers import REFERENCE, pack
from gandash.networks.matrices import matrices_of
from gandash.report import Progress, Report
from gandash.training import adaptive, averaging, balance, optimizers, schedules, spectra
from gandash.training.games.judgement import Judgement, in_one_go, judgement, logits_of_both
from gandash.training.games.turns import Turns, buffers_of, freeze
from gandash.training.replay import Direct, Feed
from gandash.training.reports import Measured
from gandash.training.source import Batch, prepare
from gandash.training.state import State
from gandash.training.streams import Purpose
from gandash.training.unrolled import Judge, adam, sgd, unroll, value_on_real

CHANGES = {
    Purpose.NOISE_REAL: Purpose.AUGMENT_REAL,
    Purpose.NOISE_FAKE: Purpose.AUGMENT_FAKE,
    Purpose.NOISE_G: Purpose.AUGMENT_G,
}
"""By the stream of noise on images, that of their changes."""


def _noise_players(state: State) -> tuple[Generator, Discriminator | Ensemble]:
    assert isinstance(state.G, Generator)
    assert isinstance(state.D, Discriminator | Ensemble)
    return state.G, state.D


@dataclass(frozen=True)
class Verdict:
    """What D told G in an update: G's loss, D's logits (N,) on G's samples, the norm of G's
    gradient; where images are made again, how far those are from what they were made of.
    """

    g_loss: Tensor
    logits: Tensor
    grad_norm: Tensor
    distance: Tensor | None = None


class NoiseGame(Turns):
    """G(z) against D, by turns: the :class:`gandash.training.games.Game` of most GANs."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.G, self.D = _noise_players(state)
        self.tried: list[Tensor] = []  # mean D(x) on training images and held-out ones
        self.growing = progressive.parts_of(self.G)

    def begin(self, dataset: Dataset) -> None:
        """Some real samples, drawn by chance, become the reference batch of D's virtual batch
        norms; a pair that grows begins small.
        """
        self._grow(0.0)
        count = self.config.collapse.pack
        for member in self.D.members:
            if member.reference is not None:
                order = self.streams.permutation(Purpose.REFERENCE, 0, len(dataset))
                index = order[torch.arange(REFERENCE * count) % len(order)]
                real = prepare(dataset.images[index].to(self.state.device), self.state.arithmetic)
                member.reference.copy_(pack(real, count))

    # Updates

    def update(self, batch: Batch) -> None:
        """One update of D; with the last batch of a step one of G as well, or the turn of one."""
        batch = self._grown(batch)
        if self.config.balance.rule != "fixed" and self._completes_step(batch):
            self._take_a_turn(batch)
            return
        measured = self.replays.update(batch, self._kind(batch), self._learn)
        if measured is not None:
            settings = self.config.balance
            self.state.window.add(measured, settings.d_steps, settings.g_steps)

    def update_alone(self, who: str, batch: Batch) -> None:
        """One update of D or of G, against the other as it stands."""
        self.feed = Direct(self.state.device)
        batch = self._grown(batch)
        z = self.latents(batch)
        if who == "G":
            self.update_g(self._generate(z, batch.labels), batch)
            return
        with torch.no_grad():
            fake = self._generate(z, batch.labels)
        self.update_d(self.judge(batch, fake), batch)

    def _kind(self, batch: Batch) -> Hashable | None:
        """Of all updates that do the same work on the device; None where the work is another one
        each time, or waits for the device.
        """
        if (
            self.growing
            or batch.reported
            or self._unrolled
            or self.config.optimizer.method != "adam"
        ):
            return None
        return self._completes_step(batch), self._penalty_is_due(batch), self.beta2(batch)

    def _grown(self, batch: Batch) -> Batch:
        """A batch as the pair is to see it, which grows for it if it is time. It never shrinks, as
        a run that is given more to do would have it.
        """
        if not self.growing:
            return batch
        (part, *_) = self.growing
        level = max(part.level, schedules.level(self.config.schedule, part.last, batch.progress))
        self._grow(level)
        unseen = batch.unseen
        if unseen is not None:
            unseen = replace(unseen, real=progressive.seen_at(unseen.real, part.level))
        return replace(batch, real=progressive.seen_at(batch.real, part.level), unseen=unseen)

    def _grow(self, level: float) -> None:
        average = self.state.ema
        for network in (self.G, self.D, *([] if average is None else [average.module])):
            progressive.grow(network, level)

    def _completes_step(self, batch: Batch) -> bool:
        return (batch.number + 1) % self.config.batches_per_step == 0

    def _penalty_is_due(self, batch: Batch) -> bool:
        return batch.number % self.config.regularizer.r1_every == 0

    def _learn(self, batch: Batch, feed: Feed) -> Measured | None:
        """D's update alone, or that and G's, which is measured."""
        self.feed = feed
        z = self.latents(batch)
        if self._completes_step(batch):
            return self._take_turns(batch, z)
        with torch.no_grad():
            fake = self._generate(z, batch.labels)
        self.update_d(self.judge(batch, fake), batch)
        return None

    def _take_turns(self, batch: Batch, z: Tensor) -> Measured:
        """One update of D, then one of G on the same fakes.

        And further ones of G on new z if the config asks for them.
        """
        g_steps = self.config.balance.g_steps
        fake = self._generate(z, batch.labels)
        seen = self.judge(batch, fake.detach())
        with self.sized("D", batch):
            d_grad_norm = self.update_d(seen, batch)
        before = self._real_score(fake, batch) if batch.reported and self._unrolled else None
        with self.sized("G", batch):
            verdict = self.update_g(fake, batch)
        for extra in range(1, g_steps):
            further = self.latents(batch, extra)
            self.update_g(self._generate(further, batch.labels), batch, extra)
        if batch.reported:
            before = verdict.logits.detach().sigmoid().mean() if before is None else before
            self.scores = [before, self.score(z, batch)]
        return Measured(
            seen.d_loss.detach(),
            verdict.g_loss.detach(),
            seen.real_logits.detach(),
            seen.fake_logits.detach(),
            d_grad_norm,
            verdict.grad_norm,
            seen.accuracy,
            verdict.distance,
        )

    def _take_a_turn(self, batch: Batch) -> None:
        """One update of the player that the balance rule chooses.

        It has to look at both losses first.
        """
        state = self.state
        rule = self.config.balance.rule
        assert rule != "fixed"
        z = self.latents(batch)
        fake = self._generate(z, batch.labels)
        seen = self.judge(batch, fake.detach())
        g_loss, _ = self._g_loss([view.fake.detach() for view in seen.views])
        d_grad_norm = None
        g_grad_norm = None
        before = None
        both = (float(seen.d_loss.detach()), float(g_loss))
        turn = balance.player(rule, both, state.previous, self.config.balance.ratio)
        state.previous = both
        if turn == "D":
            with self.sized("D", batch):
                d_grad_norm = self.update_d(seen, batch)
        else:
            with self.sized("G", batch):
                verdict = self.update_g(fake, batch)
            g_loss = verdict.g_loss
            g_grad_norm = verdict.grad_norm
            before = verdict.logits.detach().sigmoid().mean()
        if batch.reported:
            after = self.score(z, batch)
            self.scores = [after if before is None else before, after]
        logits = (seen.real_logits, seen.fake_logits)
        measured = Measured(seen.d_loss, g_loss, *logits, d_grad_norm, g_grad_norm, seen.accuracy)
        state.window.add(measured, int(turn == "D"), int(turn == "G"))

    def judge(self, batch: Batch, fake: Tensor) -> Judgement:
        """D's view of a batch and detached fakes."""
        if batch.unseen is not None:
            unseen = batch.unseen
            self.tried = [
                self._mean_score(pack(real, self.config.collapse.pack), labels)
                for real, labels in ((batch.real, batch.labels), (unseen.real, unseen.labels))
            ]
        real = self._shown(batch.real, batch, Purpose.NOISE_REAL)
        fake = self._shown(fake, batch, Purpose.NOISE_FAKE)
        with self.autocast():
            seen = judgement(self.D, real, fake, batch, self.d_loss)
        if self.state.ada is not None:
            few = self.config.few
            due = self.feed.value(lambda batch: adaptive.is_due(batch.number), batch)
            step = adaptive.INTERVAL * len(batch.real) / few.ada_images
            self.state.ada.heed(seen.real_logits, due, few.ada_target, step)
        return seen

    def update_d(self, seen: Judgement, batch: Batch) -> Tensor:
        """One update of D; returns the norm of its gradient."""
        self.set_rate(self.state.d_optimizer, self.config.optimizer.d_lr, batch)
        d_grad_norm = optimizers.update(self.state.d_optimizer, self.penalized(seen, batch))
        if self.config.regularizer.weight_clip:
            clip_weights(self.D, self.config.regularizer.weight_clip)
        return d_grad_norm

    def update_g(
        self, fake: Tensor, batch: Batch, extra: int = 0, further: Tensor | None = None
    ) -> Verdict:
        """One update of G, the step's ``extra``-th further one; with a ``further`` loss () beside
        D's word, it minimizes the sum.

        D is frozen while G learns: its weight gradients, a third of that backward pass, are not
        computed.
        """
        state = self.state
        freeze(state.d_optimizer, frozen=True)
        shown = self._shown_by_g(fake, batch, extra)
        if self._unrolled:
            loss, g_loss, logits = self._unrolled_g_loss(shown, batch)
        elif self.config.loss.feature_matching:
            g_loss, logits = self._matched(shown, batch)
            loss = g_loss
        else:
            with self.autocast():
                each = [member.judge(shown, batch.labels)[0] for member in self.D.members]
            g_loss, logits = self._g_loss([it.float() for it in each], self._paired(batch))
            loss = g_loss
        if self.config.regularizer.orthogonal:
            loss = loss + self.config.regularizer.orthogonal * off_diagonal(matrices_of(self.G))
        if further is not None:
            loss = loss + further
        self.set_rate(state.g_optimizer, self.config.optimizer.g_lr, batch)
        grad_norm = optimizers.update(state.g_optimizer, loss)
        freeze(state.d_optimizer, frozen=False)
        if state.ema is not None:
            averaging.update(state.ema, self.G, self.feed.value(self.ema_decay, batch))
            if self.config.network.g_spectral_norm:
                averaging.renew_directions(state.ema)
        return Verdict(g_loss, logits, grad_norm)

    def _gamma_share(self, batch: Batch) -> float | Tensor:
        schedule = self.config.schedule
        if not schedule.burn_in:
            return 1.0
        return self.feed.value(lambda batch: schedules.gamma_share(schedule, batch.progress), batch)

    def _paired(self, batch: Batch) -> list[Tensor]:
        """Each member's outputs on the real samples that a paired objective sets beside G's;
        nothing where the objective is none.
        """
        if not OBJECTIVES[self.config.loss.objective].paired:
            return []
        real = self._shown(batch.real, batch, Purpose.NOISE_REAL)
        with torch.no_grad(), self.autocast():
            return [member.judge(real, batch.labels)[0].float() for member in self.D.members]

    def _matched(self, fake: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """G's loss where it matches features on the batch's real samples, and D's logits (N,) on
        its own; of an ensemble as it weighs.
        """
        D = self.D
        real = self._shown(batch.real, batch, Purpose.NOISE_REAL)
        each: list[Tensor] = []
        logits: list[Tensor] = []
        for member in D.members:
            with self.autocast():
                with torch.no_grad():
                    wanted = member.features(real, batch.labels)
                features = member.features(fake, batch.labels)
                with torch.no_grad():
                    logits.append(member.head(features, batch.labels)[0].float())
            each.append(feature_matching(wanted.float(), features.float()))
        loss = D.weigh(torch.stack(each)) if isinstance(D, Ensemble) else each[0]
        return loss, D.overall(logits)

    def _g_loss(self, logits: list[Tensor], paired: Sequence[Tensor] = ()) -> tuple[Tensor, Tensor]:
        """G's loss given each member's outputs, as :meth:`Discriminator.judge` gives them, on its
        samples, and the logits (N,) over all of them.

        ``paired`` outputs are those on the real samples that these are set beside. Against an
        ensemble it is the mean of the losses against each, weighted as the ensemble weighs
        (Durugkar et al. 2017, arXiv:1611.01673, section 4.1).
        """
        D = self.D
        shown = zip(logits, paired, strict=True) if paired else zip(logits)
        each = [self.g_loss(*outputs) for outputs in shown]
        loss = D.weigh(torch.stack(each)) if isinstance(D, Ensemble) else each[0]
        return loss, D.overall(logits)

    @property
    def _unrolled(self) -> bool:
        return self.config.collapse.unroll_steps > 0

    def _unrolled_g_loss(self, fake: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """What G minimizes where D is unrolled, its own part of that, and the imagined D's logits
        on its samples, in full precision.
        """
        fake = fake.float()
        real = self._shown(batch.real, batch, Purpose.NOISE_REAL)
        in_one = in_one_go(self.D, real, batch.labels)

        def logits_of(D: Judge) -> tuple[Tensor, Tensor]:
            if in_one:
                return logits_of_both(D, real, fake)
            return D(real, batch.labels), D(fake, batch.labels)

        settings = self.config.collapse
        if settings.unroll_method == "adam":
            assert isinstance(self.state.d_optimizer, torch.optim.Adam)
            update = adam(self.state.d_optimizer)
        else:
            update = sgd(settings.unroll_lr)
        future = unroll(self.D, lambda D: self.d_loss(*logits_of(D)), settings.unroll_steps, update)
        real_logits, fake_logits = logits_of(future)
        hard_d_loss, _ = losses(self.config.loss.objective)
        g_loss = self.g_loss(fake_logits)
        loss = g_loss + value_on_real(hard_d_loss, real_logits, fake_logits)
        return loss, g_loss, fake_logits

    def penalized(self, seen: Judgement, batch: Batch) -> Tensor:
        """D's loss with the penalties on its gradient that the config asks for, in full
        precision.
        """
        settings = self.config.regularizer
        total = seen.loss
        if settings.drift:
            for view in seen.views:
                total = total + settings.drift * view.real.square().mean()
        for member in self.D.members:
            D = _of_labels(member, batch.labels)
            if settings.gradient_penalty:
                mix = self._mix(batch, len(seen.real))
                penalty = gradient_penalty(D, seen.real, seen.fake.float(), mix)
                total = total + settings.gradient_penalty * penalty
            if self._penalty_is_due(batch):
                samples = ((settings.r1_gamma, seen.real), (settings.r2_gamma, seen.fake.float()))
                for gamma, shown in samples:
                    if gamma:
                        weight = gamma * settings.r1_every * self._gamma_share(batch)
                        total = total + weight * squared_slope(D, shown)
        return total

    # Samples

    def latents(self, batch: Batch, extra: int = 0) -> Tensor:
        """z of a batch, or of the step's ``extra``-th further update of G."""
        shape = (len(batch.real), self.config.network.latent_dim)
        if extra:
            return self._normal(Purpose.LATENTS_G, batch, shape, extra)
        return self._normal(Purpose.LATENTS, batch, shape)

    def _normal(
        self, purpose: Purpose, batch: Batch, shape: tuple[int, ...], extra: int | None = None
    ) -> Tensor:
        """Standard normal numbers of a batch, or of the ``extra``-th update of G with it."""
        of_one = 1 if extra is None else self.config.balance.g_steps

        def make(batch: Batch) -> Tensor:
            return self.streams.normal(purpose, batch.number * of_one + (extra or 0), shape)

        return self.feed.numbers(make, batch)

    def _mix(self, batch: Batch, count: int) -> Tensor:
        """Shares of the real samples on the way to the generated ones, (count,)."""
        return self.feed.numbers(
            lambda batch: self.streams.uniform(Purpose.MIX, batch.number, count), batch
        )

    def _generate(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Samples of G in training mode."""
        with self.autocast():
            samples: Tensor = self.G(z, labels)
        return samples

    def _shown(
        self, samples: Tensor, batch: Batch, purpose: Purpose, extra: int | None = None
    ) -> Tensor:
        """Samples as D is shown them: changed by chance, with instance noise, in packs."""
        if self.config.few.changes:
            samples = self._augmented(samples, batch, CHANGES[purpose], extra)
        if self.config.regularizer.instance_noise:
            std = self.feed.value(self._noise_std, batch)
            samples = samples + std * self._normal(purpose, batch, tuple(samples.shape), extra)
        return pack(samples, self.config.collapse.pack)

    def _augmented(
        self, images: Tensor, batch: Batch, purpose: Purpose, extra: int | None
    ) -> Tensor:
        """Images changed by chance, as the config says."""
        few = self.config.few
        of_one = 1 if extra is None else self.config.balance.g_steps
        count = len(images)

        def make(batch: Batch) -> Tensor:
            number = batch.number * of_one + (extra or 0)
            return self.streams.uniform(purpose, number, count * NUMBERS).view(count, NUMBERS)

        p = few.augment_p if self.state.ada is None else self.state.ada.p
        return augment(images, self.feed.numbers(make, batch), few.changes, p)

    def _shown_by_g(self, fake: Tensor, batch: Batch, extra: int = 0) -> Tensor:
        """Samples of the step's ``extra``-th further update of G as D is shown them."""
        return self._shown(fake, batch, Purpose.NOISE_G, extra)

    def _noise_std(self, batch: Batch) -> float:
        return instance_noise_std(self.config.regularizer.instance_noise, batch.progress)

    @torch.inference_mode()
    def sample(self, z: Tensor) -> Tensor:
        """Samples of latent vectors (N, latent_dim), of the moving average where there is one, the
        classes in turn where G knows them; as :meth:`gandash.training.games.Game.sample`.
        """
        G = copy.deepcopy(self.state.sampler).eval()
        classes = self.G.classes
        labels = None
        if classes:
            labels = latent.classes_in_turn(len(z), classes).to(self.state.device)
        samples = G(z.to(self.state.device), labels)
        return of_batch(samples).keep(samples).cpu()

    def snapshot(self) -> Tensor:
        """As many samples as a run keeps of their kind, of the z that follow from the seed."""
        count = of_shape(self.G.shape).snapshot
        return self.sample(latent.draw(self.config.seed, count, self.config.network.latent_dim))

    # What is told

    @torch.no_grad()
    def score(self, z: Tensor, batch: Batch) -> Tensor:
        """Mean D(G(z)) as both stand, in training mode, with the noise of the step's update of G.

        Batch-norm statistics and spectral norm stay as they are.
        """
        with self.autocast():
            fake: Tensor = functional_call(self.G, buffers_of(self.G), (z, batch.labels))
        return self._real_score(fake, batch)

    @torch.no_grad()
    def _real_score(self, fake: Tensor, batch: Batch) -> Tensor:
        """Mean D(x) on samples of G, of D as it stands and not as G imagines it."""
        return self._mean_score(self._shown_by_g(fake, batch), batch.labels)

    @torch.no_grad()
    def _mean_score(self, shown: Tensor, labels: Tensor | None) -> Tensor:
        """Mean D(x) as D stands, in training mode, on samples as it is shown them; no trace of it
        is left.
        """
        D = self.D
        with self.autocast():
            logits: Tensor = functional_call(D, buffers_of(D), (shown, labels))
        return logits.float().sigmoid().mean()

    def report(self, progress: Progress) -> Report:
        """Read the window's measurements from the device, in one transfer."""
        return self.row(progress, self.columns())

    def columns(self) -> dict[str, Tensor]:
        """What is told of the last step alone, each (), by the columns of a report."""
        others = dict(zip(("d_train", "d_held_out"), self.tried, strict=False))
        if self.state.ada is not None:
            others["augment_p"] = self.state.ada.p
        if self.growing:
            side = progressive.FIRST * 2 ** self.growing[0].level
            others["size"] = torch.tensor(side, device=self.state.device)
        if self.config.spectra:
            others |= spectra.columns(self.G, self.D)
        return others

    def begin_row(self) -> None:
        """Empty the window."""
        super().begin_row()
        self.tried.clear()


def _of_labels(D: nn.Module, labels: Tensor | None) -> Callable[[Tensor], Tensor]:
    def judge(images: Tensor) -> Tensor:
        logits: Tensor = D(images, labels)
        return logits

    return judge
