"""The settings of a run, a section each.

Everything that is to be known of a setting stands in its one entry: title, summary, paper, limits
and units, what it means where it differs from the plain DCGAN's, and when it has no effect. The
command line, the app, cards and docs read it here.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, model_validator

from gandash.config.architectures import ARCHITECTURES, PLAIN
from gandash.config.settings import Idle, Trick, Values, setting
from gandash.kinds import ImageSize, Kind, of_dataset
from gandash.losses.objectives import OBJECTIVES
from gandash.records import Section
from gandash.theory.toy_data import STUDIES

Precision = Literal["auto", "bf16", "fp32"]
Device = Literal["auto", "cuda", "mps", "cpu"]
Norm = Literal["batch", "virtual", "instance", "layer", "none"]
Conditioning = Literal["none", "d-only", "concat", "projection", "semi-supervised"]
CLASSIFYING = ("d-only", "semi-supervised")  # D names classes
TELLING = ("concat", "projection")  # G is told a class
MAX_SEED = 2**32 - 1
Framing = Literal["crop", "fit", "stretch"]
Background = Literal["white", "gray", "black"]


def _current_color(value: object) -> object:
    """Runs and cards made up to 0.1 spell gray with an e."""
    return "gray" if value == "grey" else value


Color = Annotated[Literal["auto", "gray", "rgb"], BeforeValidator(_current_color)]


def _no_cross_entropy(values: Values) -> bool:
    return not OBJECTIVES[values["loss.objective"]].cross_entropy


def _off(name: str) -> Idle:
    """No effect while another setting is 0 or not given."""
    return Idle(f"{name.rpartition('.')[2]} is not set", lambda values: not values[name])


def _unless(name: str, *wanted: str) -> Idle:
    """No effect unless another setting is one of those wanted."""
    short = name.rpartition(".")[2]
    return Idle(f"{short} is not {' or '.join(wanted)}", lambda values: values[name] not in wanted)


def _kind_without(fact: str, why: str) -> Idle:
    """No effect where the dataset's kind of sample lacks something."""
    return Idle(why, lambda values: not getattr(of_dataset(values["data.dataset"]), fact))


NO_PIXELS = _kind_without("pixels", "the dataset holds no pixels")
NO_CLASSES = _kind_without("classes", "the dataset has no classes")
NOT_MEASURED = _kind_without("measured", "samples of this kind are not measured")
TRANSLATED = Idle("G translates images", lambda values: values["translation.translator"] != "none")
NO_TARGETS = Idle("the objective has no targets to smooth", _no_cross_entropy)


class DataConfig(Section):
    """Which images a run learns from."""

    dataset: str = setting(
        "mnist",
        "Dataset",
        "A dataset's name (mnist, fashion-mnist, cifar10, tinyhero, noto-emoji, crawl-tiles, "
        "stacked-mnist; downloaded: kmnist, cifar10-original, cifar100, svhn, flowers102, celeba; "
        f"points: {', '.join(STUDIES)}, or drawn: and two letters each) or the path of a folder or "
        "zip of images",
        min_length=1,
    )
    size: ImageSize = setting(
        32,
        "Image size (pixels)",
        "Height and width in pixels; 28x28 data is padded to 32",
        idle=NO_PIXELS,
    )
    color: Color = setting(
        "auto",
        "Color",
        "Color of the images; auto: as the data has it",
        idle=NO_PIXELS,
        titles={"auto": "as the data", "rgb": "RGB"},
    )
    framing: Framing = setting(
        "crop",
        "Framing",
        "How pictures become squares: crop, the part at the center; fit, the whole picture padded "
        "with the background; stretch, the whole picture whatever its proportions",
        idle=NO_PIXELS,
    )
    background: Background = setting(
        "white",
        "Background",
        "What shows where pictures are transparent, or padded to fit",
        idle=NO_PIXELS,
    )
    flips: bool = setting(
        False,
        "Flips",
        "Show every image as it is or mirrored left to right, by chance: twice as much to learn "
        "from where both are equally likely, which letters and digits are not",
        trick=("flips", "Images are mirrored left to right by chance"),
        idle=NO_PIXELS,
    )
    limit: int | None = setting(
        None,
        "Only so many",
        "Use only so many images, drawn evenly from all classes and the same every time; all if "
        "not given",
        ge=2,
    )

    held_out: float = setting(
        0.0,
        "Held out",
        "Share of the images that is not trained on, drawn evenly from all classes and the same "
        "every time: D is tried on them at each row of metrics, which shows whether it knows its "
        "training images by heart",
        ge=0,
        le=0.5,
    )

    @property
    def kind(self) -> Kind:
        """The kind of sample that the dataset holds."""
        return of_dataset(self.dataset)


ISOLA = "Isola et al. 2017, arXiv:1611.07004"
BROCK = "BigGAN, Brock et al. 2019, arXiv:1809.11096"


class NetworkConfig(Section):
    """Architecture, size and normalization of both players."""

    architecture: str = setting(
        PLAIN,
        "Architecture",
        "; ".join(f"{name}: {row.summary} ({row.paper})" for name, row in ARCHITECTURES.items()),
        choices=tuple(ARCHITECTURES),
        titles={name: row.title for name, row in ARCHITECTURES.items()},
        tricks={
            name: Trick(row.title, row.summary, row.paper)
            for name, row in ARCHITECTURES.items()
            if name != PLAIN
        },
        idle=TRANSLATED,
    )
    latent_dim: int = setting(
        100, "Latent size", "Length of the latent vector z", ge=1, le=4096, idle=TRANSLATED
    )
    g_width: int = setting(
        64,
        "Width of G",
        "Generator filters before the image layer; units in an mlp",
        ge=4,
        le=1024,
    )
    d_width: int = setting(
        64,
        "Width of D",
        "Discriminator filters after the image; units in an mlp",
        ge=4,
        le=1024,
    )
    depth: int = setting(
        2,
        "Depth",
        "Hidden layers of an mlp's players, blocks a size of the modern ones, layers from z to w "
        "of the style-based generator",
        ge=1,
        le=8,
        idle=Idle(
            "the architecture has a depth of its own",
            lambda values: not ARCHITECTURES[values["network.architecture"]].deep,
        ),
    )
    g_norm: Norm = setting("batch", "Normalization in G", "Normalization in G's hidden layers")
    d_norm: Norm = setting(
        "batch", "Normalization in D", "Normalization in D's hidden layers but the first"
    )
    sync_batch_norm: bool = setting(
        False,
        "Batch norm over all processes",
        "Where torchrun starts several processes, batch norm takes its statistics from the whole "
        "batch, so that they do what one does, at the price of a few messages a layer; otherwise "
        "from each process's own part",
        idle=Idle(
            "neither G nor D has batch norm",
            lambda values: "batch" not in (values["network.g_norm"], values["network.d_norm"]),
        ),
    )
    d_spectral_norm: bool = setting(
        False,
        "Spectral norm on D",
        "Divide D's weights by their largest singular value",
        paper="Miyato et al. 2018, arXiv:1802.05957",
        trick=("spectral norm", "D's weights are divided by their largest singular value"),
    )
    g_spectral_norm: bool = setting(
        False,
        "Spectral norm on G",
        "Divide G's weights by their largest singular value",
        paper=BROCK,
        trick=("spectral norm on G", "G's weights are divided by their largest singular value"),
    )
    d_places: bool = setting(
        False,
        "D judges places",
        "D gives an output for each of the 16 places of its last maps in place of one for the "
        "image, and the losses are means over all of them: G is told where it is wrong",
        paper=f"PatchGAN, {ISOLA}",
        trick=("D judges places", "D gives an output for each part of an image"),
    )
    first_weights: Literal["usual", "orthogonal"] = setting(
        "usual",
        "First weights",
        "usual: drawn as the architecture's paper draws them; orthogonal: with rows or columns at "
        f"right angles and of length 1 (Saxe et al. 2014, arXiv:1312.6120; {BROCK})",
        titles={"usual": "as in the architecture's paper"},
        tricks={
            "orthogonal": Trick(
                "orthogonal first weights",
                "Weights begin as orthogonal matrices, which keep lengths",
                BROCK,
            )
        },
    )
    attention: Literal[0, 8, 16, 32, 64] = setting(
        0,
        "Self-attention at (pixels)",
        "Self-attention in both at this resolution in pixels; 0: none",
        titles={0: "none"},
        paper="Zhang et al. 2019, arXiv:1805.08318",
        trick=("self-attention at {}", "Distant places of an image look at each other"),
        idle=Idle(
            "the architecture has no place for it",
            lambda values: not ARCHITECTURES[values["network.architecture"]].attention,
        ),
    )


class LabelConfig(Section):
    """What the players are told about the classes of the images."""

    conditioning: Conditioning = setting(
        "none",
        "Conditioning on labels",
        "d-only: D also learns to classify real images; concat: both see the label (Mirza 2014, "
        "1411.1784); projection: D compares features with the label (Miyato 2018, 1802.05637); "
        "semi-supervised: D's logit is made of class scores, real being the K classes, generated "
        "class K + 1 (Salimans 2016, 1606.03498)",
        idle=NO_CLASSES,
        tricks={
            "d-only": Trick(
                "D classifies",
                "D also learns to tell the classes of real images; G is told nothing",
            ),
            "concat": Trick(
                "conditional (concat)",
                "Both players get the label beside their input",
                "Mirza and Osindero 2014, arXiv:1411.1784",
            ),
            "projection": Trick(
                "conditional (projection)",
                "D compares its features with a vector learned for the label",
                "Miyato and Koyama 2018, arXiv:1802.05637",
            ),
            "semi-supervised": Trick(
                "semi-supervised",
                "D's logit is made of class scores: real is one of the classes, generated a "
                "further one",
                "Salimans et al. 2016, arXiv:1606.03498",
            ),
        },
    )
    g_labels: Literal["concat", "batch-norm", "shared"] = setting(
        "concat",
        "Labels reach G by",
        "How a conditioned G is told the label: beside z; by class-conditional batch norm; shared: "
        "by batch norms that one embedding of the label and a piece of z of their own scale and "
        f"shift ({BROCK})",
        idle=_unless("labels.conditioning", *TELLING),
        titles={"concat": "a vector beside z"},
        tricks={
            "batch-norm": Trick(
                "class-conditional batch norm",
                "The label sets scale and shift in G's batch norms",
                "Dumoulin et al. 2017, arXiv:1610.07629",
            ),
            "shared": Trick(
                "shared class embedding",
                "One vector of the class, beside a piece of z, sets scale and shift in each of G's "
                "blocks",
                BROCK,
            ),
        },
    )
    labelled: int | None = setting(
        None,
        "Labelled images",
        "Show D the labels of only so many images, each class by its share (d-only, "
        "semi-supervised)",
        ge=1,
        idle=_unless("labels.conditioning", *CLASSIFYING),
        trick=(
            "{} labels",
            "D is shown the labels of so many images only, each class by its share",
        ),
    )

    @property
    def told(self) -> bool:
        """Whether G is told which class to make."""
        return self.conditioning in TELLING

    @property
    def classifies(self) -> bool:
        """Whether D names the classes of images."""
        return self.conditioning in CLASSIFYING


class LossConfig(Section):
    """Adversarial objective, label smoothing (Salimans et al. 2016) and the form of G's loss."""

    objective: str = setting(
        "non-saturating",
        "Objective",
        f"Adversarial objective: {', '.join(OBJECTIVES)}",
        choices=tuple(OBJECTIVES),
        titles={name: row.title for name, row in OBJECTIVES.items()},
    )
    alpha: float = setting(
        0.0,
        "α, smoothing of real",
        "Label smoothing of real images: D's target is 1 - alpha",
        ge=0,
        lt=0.5,
        idle=NO_TARGETS,
    )
    beta: float = setting(
        0.0,
        "β, smoothing of generated",
        "Label smoothing of generated images: D's target is beta",
        ge=0,
        lt=0.5,
        idle=NO_TARGETS,
    )
    g_form: Literal["trick", "strict"] = setting(
        "trick",
        "Form of G's loss",
        "G's loss in an f-GAN: trick maximizes g(v), strict minimizes the divergence itself",
        idle=Idle(
            "the objective is no f-GAN",
            lambda values: OBJECTIVES[values["loss.objective"]].strict_g is None,
        ),
        titles={"trick": "the stronger one", "strict": "strict: the divergence itself"},
        tricks={
            "strict": Trick(
                "strict G loss", "G minimizes the divergence itself, not the stronger form"
            )
        },
    )
    feature_matching: bool = setting(
        False,
        "Feature matching",
        "In place of the objective, G minimizes the squared distance between the means of D's last "
        "features on real and on generated images; D learns as ever",
        paper="Salimans et al. 2016, arXiv:1606.03498",
        trick=("feature matching", "G matches the mean of D's features, not D's judgement"),
    )

    outcomes: int = setting(
        51,
        "Outcomes of D",
        "Over how many grades of realness D gives a distribution",
        ge=2,
        le=1000,
        paper="Xiangli et al. 2020, arXiv:2002.05512",
        idle=Idle(
            "D gives one number",
            lambda values: not OBJECTIVES[values["loss.objective"]].distribution,
        ),
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.alpha or self.beta) and not OBJECTIVES[self.objective].cross_entropy:
            raise ValueError(
                f"label smoothing needs a cross-entropy objective, and {self.objective!r} is none: "
                "set alpha and beta to 0 or choose non-saturating or minimax"
            )
        if self.g_form == "strict" and OBJECTIVES[self.objective].strict_g is None:
            raise ValueError(
                f"g_form strict needs an f-GAN objective, and {self.objective!r} is none: choose "
                "trick or an f-GAN"
            )
        return self


class RegularizerConfig(Section):
    """What keeps D smooth; 0 switches an entry off."""

    gradient_penalty: float = setting(
        0.0,
        "Gradient penalty, λ",
        "Weight of (|grad D| - 1)^2 between real and fake; 10 in WGAN-GP",
        paper="Gulrajani et al. 2017, arXiv:1704.00028",
        ge=0,
        le=1000,
        trick=("gradient penalty {}", "D's slope between real and generated is drawn to 1"),
    )
    r1_gamma: float = setting(
        0.0,
        "R1 penalty, γ",
        "Weight of |grad D|^2 / 2 on real images",
        paper="Mescheder et al. 2018, arXiv:1801.04406",
        ge=0,
        le=1000,
        trick=("R1 γ {}", "D's slope on real images is drawn to 0"),
    )
    r2_gamma: float = setting(
        0.0,
        "R2 penalty, γ",
        "Weight of |grad D|^2 / 2 on generated images",
        paper="Mescheder et al. 2018, arXiv:1801.04406",
        ge=0,
        le=1000,
        trick=("R2 γ {}", "D's slope on generated images is drawn to 0"),
    )
    r1_every: int = setting(
        1,
        "R1 and R2 every so many steps",
        "Apply R1 and R2 every so many updates of D, as many times as strongly",
        ge=1,
        le=100,
        idle=Idle(
            "neither r1_gamma nor r2_gamma is set",
            lambda values: (
                not values["regularizer.r1_gamma"] and not values["regularizer.r2_gamma"]
            ),
        ),
    )
    weight_clip: float = setting(
        0.0,
        "Weight clipping, ±c",
        "Clip D's weights to this range after each update; 0.01 in WGAN",
        paper="Arjovsky et al. 2017, arXiv:1701.07875",
        ge=0,
        le=10,
        trick=("weight clip {}", "D's weights are cut to ± this after each update"),
    )
    drift: float = setting(
        0.0,
        "Drift, ε",
        "Weight of the mean square of D's output on real images, which holds a critic near 0; "
        "0.001 beside a gradient penalty",
        paper="Karras et al. 2018, arXiv:1710.10196",
        ge=0,
        le=10,
        trick=("drift {}", "D's outputs on real images are drawn to 0"),
    )
    orthogonal: float = setting(
        0.0,
        "Orthogonal regularization, β",
        "Weight of how far G's filters are from right angles, whatever their lengths; 1e-4 in "
        "BigGAN, so that G bears truncated z",
        paper=BROCK,
        ge=0,
        le=10,
        trick=("orthogonal β {}", "G's filters are drawn to right angles with each other"),
    )
    instance_noise: float = setting(
        0.0,
        "Instance noise",
        "Standard deviation of noise on D's images at the start, falling to 0 at the end",
        paper="Sønderby et al. 2017, arXiv:1610.04490",
        ge=0,
        le=1,
        trick=("instance noise {}", "D sees its images through noise that fades"),
    )


class CollapseConfig(Section):
    """What keeps G from making few kinds of images."""

    minibatch: Literal["none", "discrimination", "stddev"] = setting(
        "none",
        "Minibatch layer in D",
        "Let D compare the images of a batch: minibatch discrimination (Salimans et al. 2016, "
        "1606.03498) or the batch's standard deviation (Karras et al. 2018, 1710.10196)",
        tricks={
            "discrimination": Trick(
                "minibatch discrimination",
                "D sees how close each image is to the others of its batch",
                "Salimans et al. 2016, arXiv:1606.03498",
            ),
            "stddev": Trick(
                "minibatch stddev",
                "D sees how much the images of a batch differ",
                "Karras et al. 2018, arXiv:1710.10196",
            ),
        },
    )
    minibatch_kernels: int = setting(
        100,
        "Kernels of minibatch discrimination",
        "Outputs of minibatch discrimination, each a comparison in 5 dimensions",
        ge=1,
        le=1000,
        idle=_unless("collapse.minibatch", "discrimination"),
    )
    pack: int = setting(
        1,
        "PacGAN pack (images D sees as one)",
        "D judges so many images together",
        paper="PacGAN, Lin et al. 2018, arXiv:1712.04086",
        ge=1,
        le=16,
        trick=("PacGAN {}", "D judges several images at once, so that sameness shows"),
    )
    unroll_steps: int = setting(
        0,
        "Unrolled updates of D",
        "G learns against D as it will be after so many updates",
        paper="Metz et al. 2017, arXiv:1611.02163",
        ge=0,
        le=20,
        trick=("{} unrolled", "G learns against D as it will be some updates from now"),
    )
    unroll_method: Literal["sgd", "adam"] = setting(
        "sgd",
        "Unrolled updates by",
        "Those imagined updates: plain SGD, or D's own Adam with its rate and moments",
        idle=_off("collapse.unroll_steps"),
        titles={"sgd": "plain SGD", "adam": "D's own Adam"},
    )
    unroll_lr: float = setting(
        0.01,
        "Learning rate of unrolled SGD",
        "Learning rate of imagined updates by plain SGD",
        gt=0,
        le=10,
        idle=Idle(
            "no update is imagined by plain SGD",
            lambda values: (
                not values["collapse.unroll_steps"] or values["collapse.unroll_method"] != "sgd"
            ),
        ),
    )


class BalanceConfig(Section):
    """Who is updated when, and how many discriminators there are."""

    d_steps: int = setting(
        1,
        "Updates of D per step",
        "Updates of D a step, each on its own batch",
        ge=1,
        le=100,
        trick=("{} D updates", "D learns from several batches before G's turn"),
    )
    g_steps: int = setting(
        1,
        "Updates of G per step",
        "Updates of G a step, each on its own z",
        ge=1,
        le=100,
        trick=("{} G updates", "G learns several times before D's turn"),
    )
    rule: Literal["fixed", "loss-rate", "worse"] = setting(
        "fixed",
        "Rule: who is updated",
        "loss-rate: one update a step, D's if its loss changes more than ratio times as fast as "
        "G's (Ouyang and Chen 2020, 2008.12463); worse: only the player with the higher loss per "
        "image",
        titles={
            "fixed": "both, as often as set",
            "loss-rate": "by the rates of the losses",
            "worse": "the worse player",
        },
        tricks={
            "loss-rate": Trick(
                "loss-rate rule",
                "The player whose loss changes faster is updated, one a step",
                "Ouyang and Chen 2020, arXiv:2008.12463",
            ),
            "worse": Trick(
                "worse player learns", "Only the player with the higher loss per image is updated"
            ),
        },
    )
    ratio: float = setting(
        1.0,
        "Ratio in the rule",
        "Weight of G's loss, or its rate, in the rules",
        gt=0,
        le=1000,
        idle=_unless("balance.rule", "loss-rate", "worse"),
    )
    discriminators: int = setting(
        1,
        "Discriminators",
        "Discriminators; G's losses against them are averaged, the better ones weighing more",
        paper="GMAN, Durugkar et al. 2017, arXiv:1611.01673",
        ge=1,
        le=8,
        trick=("{} discriminators", "G faces several D, the better ones weighing more"),
    )


ZHU = "Zhu et al. 2017, arXiv:1703.10593"
ZHAO = "Zhao et al. 2020, arXiv:2006.10738"
KARRAS = "Karras et al. 2020, arXiv:2006.06676"
Policy = Literal[
    "color+translation+cutout",
    "translation+cutout",
    "color+translation",
    "translation",
    "flip+turn+translation+color",
    "flip+translation+color",
]


class FewImagesConfig(Section):
    """What keeps D from learning few images by heart."""

    augment: Literal["none", "diffaugment", "ada"] = setting(
        "none",
        "Augmentation",
        "Change the images that D is shown, real and generated alike, by chance: diffaugment, each "
        f"with a fixed probability ({ZHAO}); ada, the more often the better D knows the training "
        f"images ({KARRAS})",
        idle=NO_PIXELS,
        tricks={
            "diffaugment": Trick(
                "DiffAugment",
                "D sees real and generated images changed by chance, and the gradient passes "
                "through the changes",
                ZHAO,
            ),
            "ada": Trick(
                "ADA",
                "D sees changed images the more often the better it knows the training images",
                KARRAS,
            ),
        },
    )
    augment_policy: Policy = setting(
        "color+translation+cutout",
        "Changes of the augmentation",
        "What is changed: color (brightness, saturation, contrast), translation (up to an eighth), "
        "cutout (a square of half the side becomes gray), flip (left to right), turn (quarters)",
        idle=_unless("few.augment", "diffaugment", "ada"),
        titles={policy: policy.replace("+", ", ") for policy in get_args(Policy)},
    )
    augment_p: float = setting(
        1.0,
        "Probability of a change",
        "How probable each change of an image is in diffaugment; 1: all are made, as in the paper",
        ge=0,
        le=1,
        idle=_unless("few.augment", "diffaugment"),
    )
    ada_target: float = setting(
        0.6,
        "Target of ADA",
        "Mean sign of D's outputs on real images that the probability of changes is steered to",
        paper=KARRAS,
        ge=0,
        lt=1,
        idle=_unless("few.augment", "ada"),
    )
    ada_images: int = setting(
        500_000,
        "Images until ADA is full",
        "Real images shown in which ADA's probability of changes can go from 0 to 1",
        paper=KARRAS,
        ge=1_000,
        le=100_000_000,
        idle=_unless("few.augment", "ada"),
    )

    start_from: str = setting(
        "",
        "Start from",
        "Name of a checkpoint, shipped or trained here, whose weights both players begin with; its "
        "networks must have the same sizes",
        trick=("start from {}", "Both players begin with the weights of another checkpoint"),
    )
    start_digest: str = setting(
        "",
        "Digest of its weights",
        "SHA-256 of the weights that the run begins with; filled in when the run is made",
        idle=_off("few.start_from"),
    )
    freeze_d: int = setting(
        0,
        "Frozen layers of D",
        "How many of D's first layers keep the weights that they begin with",
        paper="FreezeD, Mo et al. 2020, arXiv:2002.10964",
        ge=0,
        le=20,
        idle=_off("few.start_from"),
        trick=("FreezeD {}", "D's first layers keep the weights that they begin with"),
    )

    @property
    def changes(self) -> tuple[str, ...]:
        """Names of the changes that D's images go through; none without augmentation."""
        return () if self.augment == "none" else tuple(self.augment_policy.split("+"))


class TranslationConfig(Section):
    """What makes G translate images instead of noise, for data of pairs."""

    translator: Literal["none", "pix2pix", "cyclegan"] = setting(
        "none",
        "Translation",
        f"none: G makes samples of noise; pix2pix: of the first image of each pair its second "
        f"({ISOLA}); cyclegan: both ways, without looking at which belong together ({ZHU})",
        tricks={
            "pix2pix": Trick(
                "pix2pix",
                "G translates the first image of a pair, D sees both, and the distance to the "
                "second counts",
                ISOLA,
            ),
            "cyclegan": Trick(
                "CycleGAN",
                "Two G translate there and back, and what comes back must be what went",
                ZHU,
            ),
        },
    )
    translator_net: Literal["unet", "residual"] = setting(
        "unet",
        "Network of the translator",
        f"unet: down to one place and up again, with skips ({ISOLA}); residual: blocks at a "
        f"quarter of the size ({ZHU})",
        idle=_unless("translation.translator", "pix2pix", "cyclegan"),
        titles={"unet": "U-Net", "residual": "residual blocks"},
    )
    blocks: int = setting(
        6,
        "Residual blocks",
        "Blocks of the residual network; 6 up to 128 pixels and 9 above in the paper",
        ge=1,
        le=16,
        idle=_unless("translation.translator_net", "residual"),
    )
    patch: Literal[1, 16, 34, 70] = setting(
        34,
        "Patch that D judges (pixels)",
        "Side of the square that each output of D sees: 70 in both papers, for 256 pixels",
        idle=_unless("translation.translator", "pix2pix", "cyclegan"),
    )
    l1: float = setting(
        100.0,
        "Weight of the distance, λ",
        "Weight of the mean absolute difference between G's image and the pair's second",
        paper=ISOLA,
        ge=0,
        le=10_000,
        idle=_unless("translation.translator", "pix2pix"),
    )
    dropout: float = setting(
        0.5,
        "Dropout in the U-Net",
        "Probability with which numbers of the decoder's innermost maps are dropped while training",
        paper=ISOLA,
        ge=0,
        lt=1,
        idle=_unless("translation.translator_net", "unet"),
    )
    cycle: float = setting(
        10.0,
        "Weight of the cycle, λ",
        "Weight of the mean absolute difference between an image and what comes back of it",
        paper=ZHU,
        ge=0,
        le=1000,
        idle=_unless("translation.translator", "cyclegan"),
    )
    identity: float = setting(
        0.5,
        "Weight of the identity",
        "Weight, times that of the cycle, of what G changes in images that are targets already; "
        "it keeps colors",
        paper=ZHU,
        ge=0,
        le=10,
        idle=_unless("translation.translator", "cyclegan"),
    )
    pool: int = setting(
        50,
        "Pool of earlier images",
        "D learns from images of a pool of so many earlier ones as often as from new ones; 0: from "
        "new ones alone",
        paper=ZHU,
        ge=0,
        le=1000,
        idle=_unless("translation.translator", "cyclegan"),
    )

    @property
    def on(self) -> bool:
        """Whether G translates images."""
        return self.translator != "none"


ZHANG = "Zhang et al. 2017, arXiv:1702.08423"
MAKHZANI = "Makhzani et al. 2015, arXiv:1511.05644"


class AutoencoderConfig(Section):
    """An encoder beside G that finds the z of an image: a conditional adversarial autoencoder."""

    encoder: bool = setting(
        False,
        "Encoder",
        "An encoder E makes z of images, G makes these again of z (and of the label, where it is "
        "told one), and a second discriminator draws E's z towards the normal distribution that "
        f"samples are drawn from. E has the layers of D at the width of G ({ZHANG}; {MAKHZANI})",
        trick=(
            "adversarial autoencoder",
            f"E finds the z of an image, and a D of its own draws all z to the prior ({ZHANG})",
        ),
        idle=TRANSLATED,
    )
    reconstruction: float = setting(
        10.0,
        "Weight of the reconstruction",
        "Weight of the mean square of what differs between an image in [-1, 1] and G's of its z",
        paper=ZHANG,
        ge=0,
        le=10_000,
        idle=_off("autoencoder.encoder"),
    )
    z_weight: float = setting(
        1.0,
        "Weight of D on z",
        "Weight of what E learns from the discriminator on z; at 0 nothing holds the z of images "
        "where samples are drawn",
        paper=MAKHZANI,
        ge=0,
        le=1000,
        idle=_off("autoencoder.encoder"),
    )
    variation: float = setting(
        0.0,
        "Weight of the total variation",
        "Weight of the mean absolute difference between neighboring pixels of what G makes: less "
        "grain, more blur",
        paper=ZHANG,
        ge=0,
        le=1000,
        idle=_off("autoencoder.encoder"),
    )
    prior_share: float = setting(
        0.5,
        "Share of z drawn",
        "Share of the batch that G makes of z from the prior in place of E's: D of the images "
        "judges both, and samples come to look like reconstructions; 0 in the paper",
        ge=0,
        le=0.9,
        idle=_off("autoencoder.encoder"),
    )


class OptimizerConfig(Section):
    """How both players take their steps; the defaults are those of the DCGAN paper."""

    method: Literal["adam", "rmsprop"] = setting(
        "adam",
        "Method",
        "Adam (Kingma and Ba 2015), or RMSProp (decay 0.99), which the clipped WGAN uses",
        titles={"adam": "Adam"},
        tricks={
            "rmsprop": Trick("RMSProp", "Steps scaled by a running mean square, without momentum")
        },
    )
    g_lr: float = setting(2e-4, "Learning rate of G", "Generator learning rate", gt=0, le=1)
    d_lr: float = setting(2e-4, "Learning rate of D", "Discriminator learning rate", gt=0, le=1)
    adam_beta1: float = setting(
        0.5,
        "Adam β₁",
        "Adam's first-moment decay",
        ge=0,
        lt=1,
        idle=_unless("optimizer.method", "adam"),
    )
    adam_beta2: float = setting(
        0.999,
        "Adam β₂",
        "Adam's second-moment decay",
        ge=0,
        lt=1,
        idle=_unless("optimizer.method", "adam"),
    )


class ScheduleConfig(Section):
    """What changes over a run; by default nothing does."""

    lr: Literal["none", "linear", "cosine"] = setting(
        "none",
        "Falling learning rates",
        "How both learning rates fall in the last part of the run",
        titles={"none": "they stay", "linear": "along a line", "cosine": "along half a cosine"},
        tricks={
            "linear": Trick(
                "falling rates",
                "Both learning rates fall along a line in the last part of the run",
                "Miyato et al. 2018, arXiv:1802.05957",
            ),
            "cosine": Trick(
                "falling rates (cosine)",
                "Both learning rates fall along half a cosine in the last part of the run",
                "Loshchilov and Hutter 2017, arXiv:1608.03983",
            ),
        },
    )
    lr_from: float = setting(
        0.5,
        "Rates fall from",
        "Share of the run after which the learning rates fall",
        ge=0,
        lt=1,
        idle=Idle("the learning rates stay", lambda values: values["schedule.lr"] == "none"),
    )
    lr_to: float = setting(
        0.0,
        "Rates fall to",
        "Share of the learning rates that is left at the end",
        ge=0,
        le=1,
        idle=Idle("the learning rates stay", lambda values: values["schedule.lr"] == "none"),
    )
    burn_in: float = setting(
        0.0,
        "Burn-in (share of the run)",
        "Share of the run over which gamma and beta2 go to their ends along half a cosine; 0: they "
        "stay",
        paper="Huang et al. 2024, arXiv:2501.05441, appendix",
        ge=0,
        le=1,
        trick=("burn-in {}", "The penalties and Adam's β₂ begin with values of their own"),
    )
    gamma_to: float = setting(
        1.0,
        "Penalties after the burn-in",
        "What R1's and R2's gamma are multiplied with after the burn-in",
        gt=0,
        le=100,
        idle=_off("schedule.burn_in"),
    )
    beta2_to: float = setting(
        0.99,
        "Adam β₂ after the burn-in",
        "Adam's second-moment decay after the burn-in",
        ge=0,
        lt=1,
        idle=_off("schedule.burn_in"),
    )

    grown: float = setting(
        0.6,
        "Grown up at",
        "Share of the run after which the progressive pair has all its sizes: up to there each is "
        "faded in for as long as it then stands alone",
        paper="Karras et al. 2018, arXiv:1710.10196",
        gt=0,
        le=1,
        idle=Idle(
            "the architecture does not grow",
            lambda values: not ARCHITECTURES[values["network.architecture"]].grows,
        ),
    )

    @property
    def changes(self) -> bool:
        """Whether anything depends on how far the run is."""
        return self.lr != "none" or self.burn_in > 0
