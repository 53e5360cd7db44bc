"""One row of metrics: what training tells, files keep and pages draw. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a run has come at a step, whatever it plays.

    ``images`` are the real samples that were shown, ``seconds`` those of training;
    ``images_per_second`` is the mean since the last row of metrics.
    """

    step: int
    images: int
    epoch: float
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class Report(Progress):
    """One row of metrics: the mean over the steps since the last row, or what its name says.

    Losses are those of the objective, without penalties, in nats where they are cross-entropies;
    where D is unrolled, ``g_loss`` is G's against the imagined D, without the term on real samples;
    with feature matching it is the squared distance of the mean features.
    ``d_*`` are probabilities D(x) = sigmoid(logit); ``*_before`` and ``*_after`` are D(G(z)) on the
    last step's z before and after G's update, of the same D, as it stands after its own, with the
    same instance noise; where a rule has not updated G they are equal. Gradient norms are global L2
    norms before the update; quantiles are of D's logits. ``d_updates`` and ``g_updates`` count the
    updates of each player since the last row. ``d_accuracy`` is the share of real images that D
    puts into their class before it learns from them: of those whose label it is never shown, where
    there are such. ``frechet``, ``precision`` and ``recall`` of samples are not the loop's: a run
    puts them into the rows of the steps that it measures. ``d_update`` and ``g_update`` are the
    sizes of the last step's updates relative to the weights, ||change|| / ||weights before||, L2
    over all parameters of a player. ``d_train`` and ``d_held_out`` are D(x) on the last step's
    training images and on as many held-out ones, both unchanged, before D learns from the former.
    ``augment_p`` is the probability of a change where it adapts (ADA). ``distance`` is the mean
    absolute difference, of values in [-1, 1], between translations and targets (pix2pix) or between
    images and what comes back of them (CycleGAN, autoencoders). ``g_sigma0``, ``g_sigma1`` and
    ``g_sigma2`` are the largest singular values of that layer of G which has the largest, before
    spectral norm divides by it, and ``d_sigma*`` those of D. ``size`` is the side in pixels that a
    pair has grown to: 12 halfway from 8 to 16. ``d_prior`` and ``d_code`` are what the
    discriminator on z says of the last step's z that were drawn and of those that the encoder made,
    as probabilities of being drawn, before it learns from them; ``z_std`` is the standard deviation
    of the latter over the batch, the root of the mean over z's numbers: 1 where they are as wide as
    the prior. What was not measured is NaN.
    """

    d_loss: float
    d_loss_min: float
    d_loss_max: float
    g_loss: float
    g_loss_min: float
    g_loss_max: float
    d_real: float
    d_fake: float
    d_fake_before: float
    d_fake_after: float
    d_grad_norm: float
    g_grad_norm: float
    real_q05: float
    real_q25: float
    real_q50: float
    real_q75: float
    real_q95: float
    fake_q05: float
    fake_q25: float
    fake_q50: float
    fake_q75: float
    fake_q95: float
    d_updates: int = 0
    g_updates: int = 0
    d_accuracy: float = float("nan")
    frechet: float = float("nan")
    precision: float = float("nan")
    recall: float = float("nan")
    d_update: float = float("nan")
    g_update: float = float("nan")
    d_train: float = float("nan")
    d_held_out: float = float("nan")
    augment_p: float = float("nan")
    distance: float = float("nan")
    g_sigma0: float = float("nan")
    g_sigma1: float = float("nan")
    g_sigma2: float = float("nan")
    d_sigma0: float = float("nan")
    d_sigma1: float = float("nan")
    d_sigma2: float = float("nan")
    size: float = float("nan")
    d_prior: float = float("nan")
    d_code: float = float("nan")
    z_std: float = float("nan")
