"""The one definition of a training run: behind CLI flags, the app's form and JSON cards.

Every section is a frozen pydantic model, checked on construction. Units and ranges
stand beside each field; the command line and the app show the same descriptions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gandash.losses.objectives import OBJECTIVES
from gandash.theory.toy_data import STUDIES

ImageSize = Literal[16, 32, 64, 128]
Precision = Literal["auto", "bf16", "fp32"]
Device = Literal["auto", "cuda", "mps", "cpu"]
Architecture = Literal["dcgan", "resnet", "mlp"]
Norm = Literal["batch", "virtual", "instance", "layer", "none"]
Conditioning = Literal["none", "d-only", "concat", "projection", "semi-supervised"]
IMAGE_SIZES: tuple[int, ...] = get_args(ImageSize)
MAX_SEED = 2**32 - 1


class Section(BaseModel):
    """A frozen group of settings that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataConfig(Section):
    """Which images a run learns from."""

    dataset: str = Field(
        "mnist",
        min_length=1,
        description="A dataset's name (mnist, fashion-mnist, cifar10, tinyhero, stacked-mnist; points: "
        f"{', '.join(STUDIES)}) or the path of a folder or zip of images.",
    )
    size: ImageSize = Field(32, description="Height and width in pixels; 28x28 data is padded to 32.")
    color: Literal["auto", "grey", "rgb"] = Field("auto", description="Color of the images; auto: as the data has it.")
    limit: int | None = Field(None, ge=2, description="Use only the first so many images; all if not given.")


class NetworkConfig(Section):
    """Architecture, size and normalization of both players."""

    architecture: Architecture = Field(
        "dcgan",
        description="dcgan (Radford et al. 2016, 1511.06434), resnet at 32 pixels (Miyato et al. 2018, 1802.05957), "
        "or mlp, the fully connected pair of 2014, for images and points.",
    )
    latent_dim: int = Field(100, ge=1, le=4096, description="Length of the latent vector z.")
    g_width: int = Field(64, ge=4, le=1024, description="Generator filters before the image layer; units in an mlp.")
    d_width: int = Field(64, ge=4, le=1024, description="Discriminator filters after the image; units in an mlp.")
    depth: int = Field(2, ge=1, le=8, description="Hidden layers of each player; only an mlp reads it.")
    g_norm: Norm = Field("batch", description="Normalization in G's hidden layers.")
    d_norm: Norm = Field("batch", description="Normalization in D's hidden layers but the first.")
    d_spectral_norm: bool = Field(
        False, description="Divide D's weights by their largest singular value (Miyato et al. 2018, arXiv:1802.05957)."
    )
    attention: Literal[0, 8, 16, 32, 64] = Field(
        0, description="Self-attention in both at this resolution in pixels (Zhang et al. 2019, 1805.08318); 0: none."
    )


class LabelConfig(Section):
    """What the players are told about the classes of the images."""

    conditioning: Conditioning = Field(
        "none",
        description="d-only: D also learns to classify real images; concat: both see the label (Mirza 2014, 1411.1784);"
        " projection: D compares features with the label (Miyato 2018, 1802.05637); semi-supervised: D's logit is made"
        " of class scores, real being the K classes, generated class K + 1 (Salimans 2016, 1606.03498).",
    )
    g_labels: Literal["concat", "batch-norm"] = Field(
        "concat", description="How a conditioned G is told the label: beside z, or by class-conditional batch norm."
    )
    labelled: int | None = Field(
        None, ge=1, description="Show D the labels of only the first so many images (d-only, semi-supervised)."
    )

    @property
    def told(self) -> bool:
        """Whether G is told which class to make."""
        return self.conditioning in ("concat", "projection")


class LossConfig(Section):
    """Adversarial objective, label smoothing (Salimans et al. 2016) and the form of G's loss."""

    objective: str = Field("non-saturating", description=f"Adversarial objective: {', '.join(OBJECTIVES)}.")
    alpha: float = Field(0.0, ge=0, lt=0.5, description="Label smoothing of real images: D's target is 1 - alpha.")
    beta: float = Field(0.0, ge=0, lt=0.5, description="Label smoothing of generated images: D's target is beta.")
    g_form: Literal["trick", "strict"] = Field(
        "trick",
        description="G's loss in an f-GAN: trick maximizes g(v), strict minimizes the divergence itself.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.objective not in OBJECTIVES:
            raise ValueError(f"objective must be one of {', '.join(OBJECTIVES)}, not {self.objective!r}")
        if (self.alpha or self.beta) and not OBJECTIVES[self.objective].cross_entropy:
            raise ValueError(
                f"label smoothing needs a cross-entropy objective, and {self.objective!r} is none: "
                "set alpha and beta to 0 or choose non-saturating or minimax"
            )
        if self.g_form == "strict" and OBJECTIVES[self.objective].strict_g is None:
            raise ValueError(
                f"g_form strict needs an f-GAN objective, and {self.objective!r} is none: choose trick or an f-GAN"
            )
        return self


class RegularizerConfig(Section):
    """What keeps D smooth; 0 switches an entry off."""

    gradient_penalty: float = Field(
        0.0, ge=0, le=1000, description="Weight of (|grad D| - 1)^2 between real and fake; 10 in WGAN-GP (1704.00028)."
    )
    r1_gamma: float = Field(
        0.0, ge=0, le=1000, description="Weight of |grad D|^2 / 2 on real images (Mescheder et al. 2018, 1801.04406)."
    )
    r1_every: int = Field(1, ge=1, le=100, description="Apply R1 every so many steps, as many times as strongly.")
    weight_clip: float = Field(
        0.0, ge=0, le=10, description="Clip D's weights to this range after each update; 0.01 in WGAN (1701.07875)."
    )
    instance_noise: float = Field(
        0.0, ge=0, le=1, description="Standard deviation of noise on D's images at the start, falling to 0 at the end."
    )


class CollapseConfig(Section):
    """What keeps G from making few kinds of images."""

    minibatch: Literal["none", "discrimination", "stddev"] = Field(
        "none",
        description="Let D compare the images of a batch: minibatch discrimination (Salimans et al. 2016, 1606.03498) "
        "or the batch's standard deviation (Karras et al. 2018, 1710.10196).",
    )
    minibatch_kernels: int = Field(
        100, ge=1, le=1000, description="Outputs of minibatch discrimination, each a comparison in 5 dimensions."
    )
    pack: int = Field(
        1, ge=1, le=16, description="D judges so many images together (PacGAN, Lin et al. 2018, 1712.04086)."
    )
    unroll_steps: int = Field(
        0, ge=0, le=20, description="G learns against D as it will be after so many updates (Metz 2017, 1611.02163)."
    )
    unroll_method: Literal["sgd", "adam"] = Field(
        "sgd", description="Those imagined updates: plain SGD, or D's own Adam with its rate and moments."
    )
    unroll_lr: float = Field(0.01, gt=0, le=10, description="Learning rate of imagined updates by plain SGD.")


class BalanceConfig(Section):
    """Who is updated when, and how many discriminators there are."""

    d_steps: int = Field(1, ge=1, le=100, description="Updates of D a step, each on its own batch.")
    g_steps: int = Field(1, ge=1, le=100, description="Updates of G a step, each on its own z.")
    rule: Literal["fixed", "loss-rate", "worse"] = Field(
        "fixed",
        description="loss-rate: one update a step, D's if its loss changes more than ratio times as fast as G's "
        "(Ouyang and Chen 2020, 2008.12463); worse: only the player with the higher loss per image.",
    )
    ratio: float = Field(1.0, gt=0, le=1000, description="Weight of G's loss, or its rate, in the rules.")
    discriminators: int = Field(
        1, ge=1, le=8, description="Discriminators whose outputs are averaged, the better ones weighing more "
        "(GMAN, Durugkar et al. 2017, 1611.01673).",
    )  # fmt: skip


class OptimizerConfig(Section):
    """How both players take their steps; the defaults are those of the DCGAN paper."""

    method: Literal["adam", "rmsprop"] = Field(
        "adam", description="Adam (Kingma and Ba 2015), or RMSProp (decay 0.99), which the clipped WGAN uses."
    )
    g_lr: float = Field(2e-4, gt=0, le=1, description="Generator learning rate.")
    d_lr: float = Field(2e-4, gt=0, le=1, description="Discriminator learning rate.")
    adam_beta1: float = Field(0.5, ge=0, lt=1, description="Adam's first-moment decay.")
    adam_beta2: float = Field(0.999, ge=0, lt=1, description="Adam's second-moment decay.")


class Config(Section):
    """One training run, complete: the same config and seed give the same run on the same device."""

    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    loss: LossConfig = LossConfig()
    regularizer: RegularizerConfig = RegularizerConfig()
    collapse: CollapseConfig = CollapseConfig()
    labels: LabelConfig = LabelConfig()
    balance: BalanceConfig = BalanceConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    epochs: int = Field(15, ge=1, le=100_000, description="Passes over the data.")
    steps: int | None = Field(None, ge=1, le=10**9, description="Stop after so many steps; replaces epochs if given.")
    batch_size: int = Field(128, ge=2, le=8192, description="Images per step, real and generated each.")
    ema: float = Field(
        0.0, ge=0, lt=1, description="Decay of the generator's moving average, per update of G; 0 switches it off."
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Seed of weights, data order and noise.")
    report_every: int = Field(10, ge=1, le=100_000, description="Steps per row of metrics.")
    evaluate_every: int = Field(
        0, ge=0, le=1_000_000, description="Measure 2,000 samples against held-out images every so many steps, and "
        "keep the weights of the step with the least Fréchet distance beside the last; 0: never.",
    )  # fmt: skip
    snapshots: int = Field(20, ge=2, le=500, description="Sample grids kept over the run, denser at the start.")
    precision: Precision = Field("auto", description="Arithmetic; auto measures at the start and takes the fastest.")
    device: Device = Field("auto", description="Where to train; auto takes cuda, then mps, then cpu.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        for senseless, sentence in _rules(self):
            if senseless:
                raise ValueError(sentence)
        return self

    def without_smoothing(self) -> Self:
        """The same run with hard labels, alpha and beta 0."""
        return self.model_copy(update={"loss": self.loss.model_copy(update={"alpha": 0.0, "beta": 0.0})})

    def total_steps(self, images: int) -> int:
        """Number of training steps for a data set of ``images`` images."""
        return self.steps or self.epochs * self.steps_per_epoch(images)

    def steps_per_epoch(self, images: int) -> int:
        """Steps of ``d_steps`` full batches in one pass over ``images`` images; the incomplete last one is dropped."""
        d_steps = self.balance.d_steps
        needed = self.batch_size * d_steps
        if images < needed:
            raise ValueError(
                f"batch_size{' times d_steps' * (d_steps > 1)} must not exceed the number of images, "
                f"but it is {needed} for {images} images: choose at most {images // d_steps}"
            )
        return images // needed

    def snapshot_steps(self, images: int) -> tuple[int, ...]:
        """Steps at which samples are kept: quadratically spaced, from 0 to the last step."""
        total, n = self.total_steps(images), self.snapshots
        return tuple(sorted({round(total * (k / (n - 1)) ** 2) for k in range(n)}))


def _rules(config: Config) -> Iterator[tuple[object, str]]:
    """Combinations that make no sense: whether this is one, and the rule, the value and the remedy."""
    yield from _architecture_rules(config.network, config.data)
    yield from _gradient_rules(config)
    yield from _label_rules(config)
    yield from _balance_rules(config)
    yield from _evaluation_rules(config)


def _architecture_rules(network: NetworkConfig, data: DataConfig) -> Iterator[tuple[object, str]]:
    mlp = network.architecture == "mlp"
    points = data.dataset in STUDIES
    yield (
        points and not mlp,
        (f"dataset {data.dataset!r} holds points, and {network.architecture!r} needs images: set architecture to mlp"),
    )
    yield (
        network.architecture == "resnet" and data.size != 32,
        (f"the resnet pair is made for size 32, not {data.size}: set size to 32 or architecture to dcgan"),
    )
    yield (
        mlp and "instance" in (network.g_norm, network.d_norm),
        ("instance norm needs feature maps, and an mlp has single features: choose batch, virtual, layer or none"),
    )
    yield mlp and network.attention, "attention needs feature maps, and an mlp has none: set attention to 0"
    yield (
        network.attention * 2 > data.size,
        (f"attention must be at most half of size {data.size}, not {network.attention}: choose a smaller one or 0"),
    )


def _gradient_rules(config: Config) -> Iterator[tuple[object, str]]:
    regularizer, network, collapse = config.regularizer, config.network, config.collapse
    yield (
        regularizer.gradient_penalty and network.d_norm == "batch",
        (
            "gradient_penalty needs a D whose output for one image does not depend on the others, and d_norm is "
            "'batch': set d_norm to layer, instance or none"
        ),
    )
    yield (
        regularizer.gradient_penalty and collapse.minibatch != "none",
        (
            "gradient_penalty needs a D whose output for one image does not depend on the others, and minibatch is "
            f"{collapse.minibatch!r}: set one of them to none"
        ),
    )
    lipschitz = sum(map(bool, (regularizer.gradient_penalty, regularizer.weight_clip, network.d_spectral_norm)))
    yield (
        OBJECTIVES[config.loss.objective].critic and lipschitz != 1,
        (
            f"the {config.loss.objective} objective needs exactly one of gradient_penalty, weight_clip and "
            f"d_spectral_norm, and {lipschitz} are set: set one (10 with d_norm layer, 0.01, or on)"
        ),
    )
    penalties = regularizer.gradient_penalty or regularizer.r1_gamma or regularizer.weight_clip
    yield (
        collapse.unroll_steps and penalties,
        (
            "unroll_steps imagines D's updates from the objective alone, and a penalty or clipping is set: "
            "set gradient_penalty, r1_gamma and weight_clip to 0, or unroll_steps"
        ),
    )
    yield (
        collapse.unroll_steps and collapse.unroll_method == "adam" and config.optimizer.method != "adam",
        (
            f"unroll_method adam imagines the updates of D's own Adam, and method is {config.optimizer.method!r}: "
            "set unroll_method to sgd"
        ),
    )


def _label_rules(config: Config) -> Iterator[tuple[object, str]]:
    labels, network = config.labels, config.network
    kind, told = labels.conditioning, labels.told
    classifies = kind in ("d-only", "semi-supervised")
    yield (
        labels.g_labels == "batch-norm" and not (told and network.g_norm == "batch" and network.architecture != "mlp"),
        (
            "g_labels batch-norm needs conditioning concat or projection, a dcgan or resnet, g_norm batch, and it "
            f"is {kind}, {network.architecture}, {network.g_norm}: set g_labels to concat"
        ),
    )
    yield (
        labels.labelled and not classifies,
        (f"labelled needs a D that classifies, and conditioning is {kind!r}: choose d-only or semi-supervised"),
    )
    yield (
        kind == "semi-supervised" and not OBJECTIVES[config.loss.objective].cross_entropy,
        (
            "semi-supervised makes D's logit from class scores, which needs a cross-entropy objective, "
            f"and {config.loss.objective!r} is none: choose non-saturating or d-only"
        ),
    )
    yield (
        told and "virtual" in (network.g_norm, network.d_norm),
        (f"virtual norm has a reference batch without labels, and conditioning is {kind!r}: choose another norm"),
    )
    yield (
        kind != "none" and config.collapse.pack > 1,
        (f"pack joins images of any class, and conditioning is {kind!r}: set pack to 1 or conditioning to none"),
    )
    yield (
        kind != "none" and config.data.dataset in STUDIES,
        (f"conditioning needs labels, and dataset {config.data.dataset!r} has none: set conditioning to none"),
    )


def _balance_rules(config: Config) -> Iterator[tuple[object, str]]:
    balance, collapse, kind = config.balance, config.collapse, config.labels.conditioning
    fixed = balance.rule == "fixed"
    yield (
        not fixed and (balance.d_steps, balance.g_steps) != (1, 1),
        (
            f"rule {balance.rule!r} decides who is updated, and d_steps and g_steps are {balance.d_steps} and "
            f"{balance.g_steps}: set both to 1, or rule to fixed"
        ),
    )
    yield (
        balance.rule == "worse" and config.loss.objective != "non-saturating",
        (
            "rule worse compares both losses per image, which the non-saturating objective has on one scale, "
            f"and it is {config.loss.objective!r}: choose loss-rate or fixed"
        ),
    )
    yield (
        collapse.unroll_steps and not fixed,
        (f"unroll_steps needs G's turn in every step, and rule is {balance.rule!r}: set it to fixed"),
    )
    yield (
        collapse.unroll_steps and balance.discriminators > 1,
        (f"unroll_steps imagines one D, and there are {balance.discriminators}: set discriminators to 1"),
    )
    yield (
        balance.discriminators > 1 and kind in ("d-only", "semi-supervised"),
        (
            f"conditioning {kind!r} makes D the one classifier, and there are {balance.discriminators}: "
            "set discriminators to 1"
        ),
    )
    yield (
        config.batch_size % collapse.pack,
        (f"batch_size must be a multiple of pack, and {config.batch_size} is none of {collapse.pack}: change one"),
    )


def _evaluation_rules(config: Config) -> Iterator[tuple[object, str]]:
    every = config.evaluate_every
    yield (
        every and config.data.dataset in STUDIES,
        (f"evaluate_every measures images, and dataset {config.data.dataset!r} holds points: set evaluate_every to 0"),
    )
    yield (
        every % config.report_every,
        (
            f"evaluate_every must be a multiple of report_every, and {every} is none of {config.report_every}: "
            "change one"
        ),
    )


def usual(config: Config) -> dict[str, Any]:
    """Settings that go with the chosen objective in its paper, by dotted name, as far as ``config`` differs."""
    wanted: dict[str, Any] = dict(OBJECTIVES[config.loss.objective].usual)
    if config.loss.objective == "wasserstein" and not config.regularizer.weight_clip:
        wanted = {
            "balance.d_steps": 5, "optimizer.method": "adam", "optimizer.g_lr": 1e-4, "optimizer.d_lr": 1e-4,
            "optimizer.adam_beta2": 0.9,
        }  # fmt: skip
        wanted |= {"network.d_norm": "layer"} if config.network.d_norm == "batch" else {}
    if config.balance.rule != "fixed":
        wanted.pop("balance.d_steps", None)
    return {name: value for name, value in wanted.items() if setting(config, name) != value}


def setting(config: Config, name: str) -> Any:
    """The value of a dotted name such as ``balance.d_steps``."""
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value


def advice(config: Config) -> str:
    """What the objective's paper sets otherwise, in one sentence; empty if nothing."""
    missing = usual(config)
    if not missing:
        return ""
    named = ", ".join(f"{name.split('.')[-1]} {_shown(value)}" for name, value in missing.items())
    return f"Usual with {config.loss.objective}: {named}."


def _shown(value: Any) -> str:
    return "on" if value is True else f"{value:g}" if isinstance(value, float) else str(value)


def parse_config(values: dict[str, Any]) -> Config:
    """Build a config from plain JSON values; a ``ValueError`` says in one sentence what is wrong."""
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ValueError(explain(error)) from error


def explain(error: Exception) -> str:
    """An error in one line: for a refused config the field, the rule and the value that broke it."""
    if isinstance(error, ValidationError):
        return "; ".join(_sentence(error.title, dict(problem)) for problem in error.errors(include_url=False)) + "."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return _short(" ".join(str(error).split()), 500) or type(error).__name__


def _sentence(title: str, problem: dict[str, Any]) -> str:
    field = ".".join(str(part) for part in problem["loc"]) or title
    rule = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    if problem["type"] == "value_error":
        return rule
    if problem["type"] == "json_invalid":
        return f"{field} is not JSON ({rule.removeprefix('Invalid JSON: ')})"
    if problem["type"] == "extra_forbidden":
        return f"{_short(field, 80)} is not a setting: remove it"
    return f"{field} {rule[:1].lower()}{rule[1:]}, not {_short(repr(problem['input']), 80)}"


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
