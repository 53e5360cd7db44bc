"""Adversarial objectives: one named pair of pure functions on D's raw outputs each.

``real`` and ``fake`` are D's outputs (logits, or critic values) on real and generated images,
any shape; every loss is a scalar to be minimized, in nats where it is built on a cross-entropy.
Losses work on raw outputs, never on sigmoids. A new objective is one more entry in
:data:`OBJECTIVES`; nothing else has to change.

The table is read wherever a config is, so torch is imported by the first loss and not before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

DLoss: TypeAlias = "Callable[[Tensor, Tensor], Tensor]"
GLoss: TypeAlias = "Callable[..., Tensor]"  # of fake, or of fake and real where paired
LOG_2 = 0.6931471805599453


def softplus(v: Tensor) -> Tensor:
    """log(1 + exp v), elementwise and stable: torch's own."""
    from torch.nn import functional  # noqa: PLC0415 - slow to import

    return functional.softplus(v)


def cross_entropy_d(real: Tensor, fake: Tensor, alpha: float = 0.0, beta: float = 0.0) -> Tensor:
    """E BCE(real, 1 - alpha) + E BCE(fake, beta), the two-class cross-entropy of D.

    With alpha = beta = 0 it is E softplus(-real) + E softplus(fake) (Goodfellow et al. 2014);
    alpha > 0 is one-sided, alpha and beta > 0 two-sided label smoothing (Salimans et al. 2016).
    """
    on_real = softplus(-real) + alpha * real if alpha else softplus(-real)
    on_fake = softplus(fake) - beta * fake if beta else softplus(fake)
    return on_real.mean() + on_fake.mean()


def minimax_g(fake: Tensor) -> Tensor:
    """-E softplus(fake) = E log(1 - D(G(z))): saturates where D is sure (Goodfellow et al. 2014,
    equation 1).
    """
    return -softplus(fake).mean()


def non_saturating_g(fake: Tensor) -> Tensor:
    """E softplus(-fake) = -E log D(G(z)): strong gradients where G loses (Goodfellow et al. 2014,
    section 3).
    """
    return softplus(-fake).mean()


def maximum_likelihood_g(fake: Tensor) -> Tensor:
    """-E exp(fake) = -E D/(1 - D): the maximum-likelihood gradient if D is optimal (Goodfellow
    2016, 3.2.5).

    Almost all of the gradient comes from the few samples that fool D best, so its variance is high.
    """
    return -fake.exp().mean()


def least_squares_d(real: Tensor, fake: Tensor) -> Tensor:
    """E (real - 1)^2 / 2 + E fake^2 / 2 on raw outputs (Mao et al. 2017)."""
    return (real - 1).square().mean() / 2 + fake.square().mean() / 2


def least_squares_g(fake: Tensor) -> Tensor:
    """E (fake - 1)^2 / 2 (Mao et al. 2017)."""
    return (fake - 1).square().mean() / 2


def hinge_d(real: Tensor, fake: Tensor) -> Tensor:
    """E relu(1 - real) + E relu(1 + fake) (Lim and Ye 2017; Miyato et al. 2018)."""
    return (1 - real).relu().mean() + (1 + fake).relu().mean()


def wasserstein_d(real: Tensor, fake: Tensor) -> Tensor:
    """E fake - E real: minus the Wasserstein-1 distance if D is the best 1-Lipschitz critic
    (Arjovsky et al. 2017).
    """
    return fake.mean() - real.mean()


def wasserstein_g(fake: Tensor) -> Tensor:
    """-E fake: G raises the critic's value (Arjovsky et al. 2017; also the hinge objective's G)."""
    return -fake.mean()


def relativistic_d(real: Tensor, fake: Tensor) -> Tensor:
    """E softplus(fake - real): D wants each real image above the generated one that it is paired
    with (Jolicoeur-Martineau 2018, arXiv:1807.00734; in this form Huang et al. 2024,
    arXiv:2501.05441, equation 2).
    """
    return softplus(fake - real).mean()


def relativistic_g(fake: Tensor, real: Tensor) -> Tensor:
    """E softplus(real - fake): G wants each generated image above the real one that it is paired
    with.
    """
    return softplus(real - fake).mean()


def realness_d(real: Tensor, fake: Tensor) -> Tensor:
    """E KL(A1 || D(x)) + E KL(A0 || D(G(z))), of outputs (N, K): see :mod:`gandash.losses.realness`
    (Xiangli et al. 2020, arXiv:2002.05512).
    """
    from gandash.losses import realness  # noqa: PLC0415 - torch comes with it

    return realness.d_loss(real, fake)


def realness_g(fake: Tensor, real: Tensor) -> Tensor:
    """E KL(D(x) || D(G(z))), of outputs (N, K) (Xiangli et al. 2020, the authors' code)."""
    from gandash.losses import realness  # noqa: PLC0415 - torch comes with it

    return realness.g_loss(fake, real)


@dataclass(frozen=True)
class FDivergence:
    """One f-divergence in the variational form of Nowozin et al. 2016.

    ``activation`` is g_f, which maps a raw output into the domain of the conjugate f*;
    ``conjugate`` is f*(g_f(v)) of a raw output v, in a stable form. D maximizes
    E g_f(real) - E f*(g_f(fake)); ``threshold`` is f'(1), the value of g_f where p_g = p_data.
    """

    activation: Callable[[Tensor], Tensor]
    conjugate: Callable[[Tensor], Tensor]
    threshold: float

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E g_f(real) + E f*(g_f(fake)): minus the divergence if D is optimal."""
        return self.conjugate(fake).mean() - self.activation(real).mean()

    def trick_g(self, fake: Tensor) -> Tensor:
        """-E g_f(fake): the stronger gradient of section 3.2, with the same fixed point."""
        return -self.activation(fake).mean()

    def strict_g(self, fake: Tensor) -> Tensor:
        """-E f*(g_f(fake)): G minimizes the same value that D maximizes."""
        return -self.conjugate(fake).mean()


def _pearson_conjugate(v: Tensor) -> Tensor:
    """v^2 / 4 + v above -2, and -1 below: f is infinite for a negative density ratio."""
    return (v.square() / 4 + v).where(v >= -2, -1)


F_DIVERGENCES: dict[str, FDivergence] = {
    "kl": FDivergence(lambda v: v, lambda v: (v - 1).exp(), 1.0),
    "reverse-kl": FDivergence(lambda v: -(-v).exp(), lambda v: v - 1, -1.0),
    "pearson": FDivergence(lambda v: v, _pearson_conjugate, 0.0),
    "hellinger": FDivergence(lambda v: 1 - (-v).exp(), lambda v: v.exp() - 1, 0.0),
    "jensen-shannon": FDivergence(
        lambda v: LOG_2 - softplus(-v), lambda v: softplus(v) - LOG_2, 0.0
    ),
    "gan": FDivergence(lambda v: -softplus(-v), softplus, -LOG_2),
}


@dataclass(frozen=True)
class Objective:
    """A named pair of losses and what it asks of the rest of the run.

    ``cross_entropy`` says whether label smoothing applies; ``critic`` objectives need a D that is
    kept Lipschitz; ``usual`` are the settings that the paper uses, by their dotted names in the
    config; ``strict_g`` is the second form of G's loss where there are two. ``paired`` objectives
    judge each generated image beside a real one: their ``g_loss`` takes D's outputs on both.
    ``margin`` objectives want D above 0 on real and below 0 on generated images, by a margin. Where
    D gives a ``distribution``, outputs are (N, outcomes).
    """

    title: str
    d_loss: Callable[..., Tensor]
    g_loss: GLoss
    paper: str
    summary: str
    cross_entropy: bool = False
    critic: bool = False
    usual: Mapping[str, object] = field(default_factory=dict)
    strict_g: GLoss | None = None
    paired: bool = False
    margin: bool = False
    distribution: bool = False

    @property
    def signed(self) -> bool:
        """Whether D's output is above 0 just where it takes an image for a real one."""
        return self.cross_entropy or self.margin


WGAN = {
    "balance.d_steps": 5,
    "optimizer.method": "rmsprop",
    "optimizer.g_lr": 5e-5,
    "optimizer.d_lr": 5e-5,
}
GOODFELLOW = "Goodfellow et al. 2014, arXiv:1406.2661"
NOWOZIN = "Nowozin et al. 2016, arXiv:1606.00709"


def _f_gan(name: str, title: str, summary: str) -> Objective:
    f = F_DIVERGENCES[name]
    return Objective(title, f.d_loss, f.trick_g, NOWOZIN, summary, strict_g=f.strict_g)


OBJECTIVES: dict[str, Objective] = {
    "non-saturating": Objective(
        "Non-saturating",
        cross_entropy_d,
        non_saturating_g,
        GOODFELLOW,
        "G maximizes log D(G(z)): the usual DCGAN loss, with strong gradients while G is losing.",
        cross_entropy=True,
    ),
    "minimax": Objective(
        "Minimax (saturating)",
        cross_entropy_d,
        minimax_g,
        GOODFELLOW,
        "G minimizes log(1 - D(G(z))): the paper's two-player game; G's gradient vanishes where D "
        "is sure.",
        cross_entropy=True,
    ),
    "maximum-likelihood": Objective(
        "Maximum likelihood",
        cross_entropy_d,
        maximum_likelihood_g,
        "Goodfellow 2016, arXiv:1701.00160, 3.2.5",
        "G's gradient is that of maximum likelihood if D is optimal; few samples carry all of it.",
        cross_entropy=True,
    ),
    "least-squares": Objective(
        "Least squares",
        least_squares_d,
        least_squares_g,
        "Mao et al. 2017, arXiv:1611.04076",
        "D regresses to 1 and 0 without a sigmoid: samples far on the right side of the border are "
        "still pulled in.",
    ),
    "hinge": Objective(
        "Hinge",
        hinge_d,
        wasserstein_g,
        "Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957",
        "D only cares for outputs inside the margin; usually with spectral normalization.",
        usual={"network.d_spectral_norm": True, "network.d_norm": "none"},
        margin=True,
    ),
    "wasserstein": Objective(
        "Wasserstein",
        wasserstein_d,
        wasserstein_g,
        "Arjovsky et al. 2017, arXiv:1701.07875",
        "D is a critic that estimates a distance; it must be kept Lipschitz by clipping, a penalty "
        "or spectral norm.",
        critic=True,
        usual=WGAN,
    ),
    "relativistic": Objective(
        "Relativistic, paired",
        relativistic_d,
        relativistic_g,
        "Jolicoeur-Martineau 2018, arXiv:1807.00734; Huang et al. 2024, arXiv:2501.05441",
        "D says which of two images is the real one: no mode can be left out unnoticed; with R1 "
        "and R2 it converges.",
        usual={
            "network.d_norm": "none",
            "regularizer.r1_gamma": 1.0,
            "regularizer.r2_gamma": 1.0,
            "optimizer.adam_beta1": 0.0,
            "optimizer.adam_beta2": 0.99,
        },
        paired=True,
    ),
    "realness": Objective(
        "Realness as a distribution",
        realness_d,
        realness_g,
        "Xiangli et al. 2020, arXiv:2002.05512",
        "D gives a distribution over grades of realness in place of one number, and G wants its "
        "images to get that of real ones: it is told more.",
        paired=True,
        distribution=True,
    ),
    "f-kl": _f_gan("kl", "f-GAN, KL", "Covers the data: missing a mode costs without bound."),
    "f-reverse-kl": _f_gan(
        "reverse-kl", "f-GAN, reverse KL", "Seeks modes: samples where there is no data cost most."
    ),
    "f-pearson": _f_gan(
        "pearson", "f-GAN, Pearson chi-squared", "A squared error of the density ratio."
    ),
    "f-hellinger": _f_gan("hellinger", "f-GAN, squared Hellinger", "Symmetric and bounded."),
    "f-jensen-shannon": _f_gan(
        "jensen-shannon", "f-GAN, Jensen-Shannon", "Symmetric and bounded, weighted to 0."
    ),
    "f-gan": _f_gan(
        "gan",
        "f-GAN, GAN",
        "The 2014 objective as an f-divergence; trick and strict are its two G losses.",
    ),
}


def losses(
    name: str, alpha: float = 0.0, beta: float = 0.0, *, strict: bool = False
) -> tuple[DLoss, GLoss]:
    """The pair (d_loss, g_loss) of an objective, smoothing applied to D's targets alone.

    G's target is never smoothed: alpha and beta do not reach g_loss. ``strict`` takes G's strict
    form where the objective has one.
    """
    objective = OBJECTIVES[name]
    g_loss = objective.strict_g if strict and objective.strict_g else objective.g_loss
    if not objective.cross_entropy:
        return objective.d_loss, g_loss
    return partial(objective.d_loss, alpha=alpha, beta=beta), g_loss
