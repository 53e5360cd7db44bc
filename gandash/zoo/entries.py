"""The zoo: every shipped checkpoint with its config, and how it was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from gandash import data
from gandash.config import Config, parse_config
from gandash.config.presets import PRESETS


@dataclass(frozen=True)
class Entry:
    """A shipped checkpoint: how it is titled and trained, and what it is there to show.

    Entries of the same ``group`` are there to be compared with each other: they are trained in
    turn, epoch by epoch. ``weights`` are those of the best step where a run measures itself, or of
    the last.
    """

    title: str
    config: Config
    note: str
    group: str = ""
    weights: Literal["best", "last"] = "best"


def _config(dataset: str, **settings: Any) -> Config:
    """The settings that all entries share, and what an entry changes in them.

    Half the width and half the batch of the paper: a step costs an eighth, so that a CPU trains an
    entry in an hour.
    """
    images = {"dataset": dataset, "size": data.SOURCES[dataset].size}
    network = {"g_width": 32, "d_width": 32, **settings.pop("network", {})}
    optimizer = {"g_lr": 1e-3, "d_lr": 1e-3, **settings.pop("optimizer", {})}
    shared = {"batch_size": 64, "ema": 0.999, "precision": "fp32"}
    return parse_config(
        shared | {"data": images, "network": network, "optimizer": optimizer, **settings}
    )


def _measured(dataset: str, **settings: Any) -> Config:
    """A run that is measured about twice an epoch, and of which the best step is kept."""
    return _config(dataset, evaluate_every=470, **settings)


def _of(preset: str, *sections: str) -> dict[str, Any]:
    """Sections of the config that a preset of the Train page starts from.

    One place for settings that were tried.
    """
    return PRESETS[preset].config.model_dump(include=set(sections))


# After 705 steps on MNIST the distance was 488 with rates of 1e-3 for G and 1e-4 for D, 172 with
# 1e-3 and 3e-4, 115 with 2e-3 and 5e-4, each with 100 latent dimensions; 136 with 1e-3, 3e-4 and 24
# of them. The last of these is gandash train --g-width 32 --d-width 32 --latent-dim 24 --batch-size
# 64 --ema 0.998 --precision fp32 --g-lr 1e-3 --d-lr 3e-4 --steps 705 --evaluate-every 470.
SLOWER_D = _of("Quick digits", "network", "optimizer")


def _arms(name: str, title: str, **settings: Any) -> dict[str, Entry]:
    """Three runs that differ in nothing but alpha and beta.

    Same weights, data order, noise, arithmetic.
    """
    arms = {
        "": (0.0, 0.0, "no smoothing", "The plain DCGAN: hard labels 1 and 0."),
        "-one-sided": (
            0.1,
            0.0,
            "one-sided smoothing",
            "D's target on real images is 0.9, on generated ones 0.",
        ),
        "-two-sided": (
            0.1,
            0.1,
            "two-sided smoothing",
            "D's target on real images is 0.9, on generated ones 0.1.",
        ),
    }
    return {
        name.format(arm): Entry(
            title.format(words),
            _config("mnist", loss={"alpha": alpha, "beta": beta}, **settings),
            note,
            group=name.format(""),
            weights="last",
        )
        for arm, (alpha, beta, words, note) in arms.items()
    }


# With the paper's width of 64 and batches of 128, the distance after 705 steps was 65 with rates of
# 2e-3 for G and 5e-4 for D, 89 with half of each: gandash train --g-width 64 --d-width 64
# --latent-dim 32 --batch-size 128 --ema 0.999 --precision bf16 --g-lr 2e-3 --d-lr 5e-4 --steps 705
# --evaluate-every 235 --report-every 47.
WIDE = SLOWER_D | {
    "network": {"g_width": 64, "d_width": 64, "latent_dim": 32},
    "precision": "bf16",
    "epochs": 15,
}
CLOTHING = WIDE | {"epochs": 30}  # after 15 the distance still fell
# Without momentum and with two steps of D the distance was 134 after 470 steps of G; with one, beta
# 0.5 and rates of 1e-3 for G and 2e-3 for D, 567. The former is gandash train --objective hinge
# --d-spectral-norm True --d-norm none --g-width 32 --d-width 32 --latent-dim 32 --batch-size 64
# --ema 0.998 --precision fp32 --g-lr 1e-3 --d-lr 1e-3 --adam-beta1 0 --adam-beta2 0.9 --d-steps 2
# --steps 470 --evaluate-every 470.
SPECTRAL = _of("Hinge and spectral norm", "loss", "network", "balance", "optimizer")
WIDE_SPECTRAL = SPECTRAL | {
    "network": SPECTRAL["network"] | {"g_width": 64, "d_width": 64},
    "precision": "bf16",
}
# Photographs need more of everything than digits: the paper's width, batch and 100 latent
# dimensions. With rates of 2e-3 for G and 5e-4 for D the distance was least, 112, after 4,680
# steps, with 4e-4 for both 107; then it rises with G's gradients, to 174 and 157 after 9,360. After
# 2,000 it was 151 with the former and 194 with half of each: gandash train --dataset cifar10
# --g-width 64 --d-width 64 --latent-dim 100 --batch-size 128 --ema 0.999 --precision bf16 --g-lr
# 4e-4 --d-lr 4e-4 --epochs 28 --evaluate-every 780 (500 for the last two).
PHOTOGRAPHS = WIDE | {
    "network": WIDE["network"] | {"latent_dim": 100},
    "optimizer": {"g_lr": 4e-4, "d_lr": 4e-4},
    "batch_size": 128,
    "epochs": 28,
    "evaluate_every": 780,
}
# With hinge and spectral norm one step of D did more than two: 147 after 2,000 steps with rates of
# 5e-4 and 1e-3, and after 1,500 161, 169 with twice these rates; two steps of D and 1e-3 for both
# had 198 after 1,200. The same command with --objective hinge --d-norm none --d-spectral-norm True
# --adam-beta1 0 --adam-beta2 0.9 --g-lr 5e-4 --d-lr 1e-3.
SPECTRAL_PHOTOGRAPHS = PHOTOGRAPHS | {
    "loss": SPECTRAL["loss"],
    "network": WIDE_SPECTRAL["network"] | {"latent_dim": 100},
    "optimizer": SPECTRAL["optimizer"] | {"g_lr": 5e-4, "d_lr": 1e-3},
    "epochs": 60,
}
# The published recipe (Miyato and Koyama 2018) with two updates of D in place of five, D's rate
# twice G's and half of G's width, as many epochs as an H100 does in four minutes: one run, no
# trials.
RESIDUAL_PHOTOGRAPHS: dict[str, Any] = {
    "network": {
        "architecture": "resnet",
        "g_width": 128,
        "d_width": 128,
        "latent_dim": 128,
        "d_norm": "none",
        "d_spectral_norm": True,
    },
    "loss": {"objective": "hinge"},
    "labels": {"conditioning": "projection", "g_labels": "batch-norm"},
    "balance": {"d_steps": 2},
    "optimizer": {"g_lr": 2e-4, "d_lr": 4e-4, "adam_beta1": 0.0, "adam_beta2": 0.9},
    "schedule": {"lr": "linear", "lr_from": 0.4},
    "precision": "bf16",
    "epochs": 38,
    "report_every": 50,
}
# A critic whose slope is bounded, and rates at which a CPU sees digits within minutes (the paper:
# 1e-4).
CRITIC = _of("WGAN-GP", "loss", "regularizer", "balance", "optimizer")
# With batch norm D won at once: it sees that no generated white is quite as white as that of the
# images, and after 650 steps all samples were alike, gandash train --dataset tinyhero --size 64
# --g-width 32 --d-width 32 --latent-dim 64 --batch-size 64 --ema 0.995 --precision bf16 --g-lr 1e-3
# --d-lr 2.5e-4 --alpha 0.1 --steps 1200. With R1 (1, 2 and 5) and with hinge and spectral norm
# samples varied, but stayed gray outlines for 1,000 steps.
HEROES = CRITIC | {
    "network": {"g_width": 24, "d_width": 24, "latent_dim": 64, "d_norm": "layer"},
    "batch_size": 32,
    "ema": 0.995,
    "precision": "bf16",
    "epochs": 300,
    "evaluate_every": 380,
}
# Layer norm hides from D how bright an image is on the whole, unless channels of labels stand
# beside it: after 1,137 steps the background was at 174 of 255, and with no norm at 241 after 126.
BRIGHT_HEROES = HEROES | {"network": HEROES["network"] | {"d_norm": "none"}}
# Weights of an equalized layer are drawn from N(0, 1): a rate moves them a fiftieth as far as those
# of a DCGAN, which start at 0.02. At 2e-3, near the paper's, runs of up to 2,700 steps showed one
# or two digits; at 1e-2 the distance was 722, 270, 85 and 25 after 1,000, 2,000, 3,000 and 4,000.
STYLED: dict[str, Any] = {
    "network": {
        "architecture": "style",
        "g_width": 12,
        "d_width": 12,
        "latent_dim": 64,
        "depth": 2,
        "g_norm": "none",
        "d_norm": "none",
    },
    "regularizer": {"r1_gamma": 0.5, "r1_every": 16},
    "optimizer": {"g_lr": 1e-2, "d_lr": 1e-2, "adam_beta1": 0.0, "adam_beta2": 0.99},
    "schedule": {"lr": "linear"},
    "batch_size": 32,
    "ema": 0.0,
    "ema_half_life": 10_000,
    "steps": 6000,
    "evaluate_every": 1000,
}
# The recipe of "Own images" on the Train page, for longer and with rates that fall.
FEW: dict[str, Any] = {
    "network": {"latent_dim": 64, "d_norm": "none", "d_spectral_norm": True},
    "loss": {"objective": "hinge"},
    "optimizer": {"g_lr": 5e-4, "d_lr": 1e-3, "adam_beta1": 0.0, "adam_beta2": 0.9},
    "few": {"augment": "diffaugment"},
    "schedule": {"lr": "linear"},
    "batch_size": 32,
    "ema": 0.0,
    "ema_half_life": 10_000,
    "report_every": 50,
}
CONDITIONAL: dict[str, Any] = {"labels": {"conditioning": "concat", "g_labels": "batch-norm"}}
# G looks at the label late: at width 12, in batches of 64 with 12 latent dimensions, 7 % of test
# digits became the other digit that was asked for after 750 steps, 61 % after 1,500.
AUTOENCODER = CONDITIONAL | {"autoencoder": {"encoder": True}}


def _translation(dataset: str, **settings: Any) -> Config:
    """The settings of both papers (Adam 2e-4, 0.5 and 0.999, rates that fall over the second half),
    at a smaller width and in larger batches.
    """
    network = {"g_width": 16, "d_width": 16, **settings.pop("network", {})}
    shared = {"batch_size": 16, "schedule": {"lr": "linear"}, "report_every": 50}
    rates = {"g_lr": 2e-4, "d_lr": 2e-4}
    config = _config(f"pairs:{dataset}", network=network, optimizer=rates, **(shared | settings))
    held_out = config.data.model_copy(update={"held_out": 0.02})
    return config.model_copy(update={"data": held_out})


TRANSLATIONS = {
    "edges-fashion-pix2pix": Entry(
        "Edges → Fashion-MNIST, pix2pix",
        _translation("edges-fashion-mnist", translation={"translator": "pix2pix"}, steps=8000),
        "Draw lines, and they become clothes. It has seen pairs: the edges of a photograph and the "
        "photograph.",
    ),
    "tinyhero-right-pix2pix": Entry(
        "TinyHero, front → right, pix2pix",
        _translation(
            "tinyhero-right",
            network={"g_width": 24, "d_width": 24},
            translation={"translator": "pix2pix"},
            epochs=60,
        ),
        "A pixel character seen from the front, and the same one turned to its left.",
    ),
    "mnist-inverted-cyclegan": Entry(
        "Digits ↔ inverted digits, CycleGAN",
        _translation(
            "inverted-mnist",
            network={"g_width": 8, "d_width": 16},
            translation={"translator": "cyclegan", "dropout": 0.0, "identity": 0.0},
            loss={"objective": "least-squares"},
            steps=2000,
        ),
        "Without pairs: white digits and black ones, of which no two belong together, and the rule "
        "that what goes there and back must be what it was.",
    ),
}

ZOO: dict[str, Entry] = {
    **_arms("mnist-dcgan{}", "MNIST, {}", **WIDE, evaluate_every=940),
    "mnist-conditional": Entry(
        "MNIST, class-conditional",
        _measured("mnist", **CONDITIONAL, epochs=8),
        "G is told the digit by class-conditional batch norm, D by a channel for each class. The "
        "last step, "
        "not that of the least distance: from step 1,880 on that stood still, while precision rose "
        "and specks went.",
        weights="last",
    ),
    "mnist-autoencoder": Entry(
        "MNIST, adversarial autoencoder",
        _config(
            "mnist",
            **AUTOENCODER,
            network={"g_width": 16, "d_width": 16, "latent_dim": 12},
            batch_size=32,
            schedule={"lr": "linear"},
            epochs=5,
        ),
        "An encoder finds z of a real digit, and G, told another label, writes that digit in the "
        "same hand: see Images in z on the page Latent space.",
        weights="last",
    ),
    "mnist-semi-supervised": Entry(
        "MNIST, semi-supervised",
        _config(
            "mnist",
            **WIDE | {"epochs": 8},
            labels={"conditioning": "semi-supervised"},
            evaluate_every=470,
        ),
        "D names the digit or calls it generated; G is told nothing. No other settings here come "
        "so close to training "
        "images in both precision and recall.",
    ),
    "tinyhero-dcgan": Entry(
        "TinyHero, DCGAN",
        _config("tinyhero", **BRIGHT_HEROES),
        "Pixel characters of 64x64. D is a critic with a gradient penalty; one with batch norm won "
        "at once.",
    ),
    "tinyhero-conditional": Entry(
        "TinyHero, by view angle",
        _config("tinyhero", **CONDITIONAL, **HEROES),
        "G is told from which side the character is seen.",
    ),
    "crawl-tiles-dcgan": Entry(
        "Crawl tiles, few images",
        _config("crawl-tiles", **FEW, steps=24_000),
        "2,151 tiles of a game, walls, things and monsters, with DiffAugment: what it is worth on "
        "them stands in docs/few-images.md.",
    ),
    "fashion-dcgan": Entry(
        "Fashion-MNIST, no smoothing",
        _config("fashion-mnist", **CLOTHING, evaluate_every=940),
        "The plain DCGAN on clothing.",
        "fashion smoothing",
    ),
    "fashion-dcgan-one-sided": Entry(
        "Fashion-MNIST, one-sided smoothing",
        _config("fashion-mnist", **CLOTHING, loss={"alpha": 0.1}, evaluate_every=940),
        "D's target on real images is 0.9.",
        "fashion smoothing",
    ),
    "fashion-conditional": Entry(
        "Fashion-MNIST, class-conditional",
        _config("fashion-mnist", **WIDE, **CONDITIONAL, evaluate_every=940),
        "G is told the kind of clothing by class-conditional batch norm, D by a channel for each "
        "class.",
    ),
    "cifar10-dcgan": Entry(
        "CIFAR-10, DCGAN",
        _config("cifar10", **PHOTOGRAPHS),
        "The plain DCGAN on photographs. After the best step the distance rises again, though the "
        "losses stand still: "
        "what keeps growing is the norm of G's gradient.",
    ),
    "cifar10-sn-hinge": Entry(
        "CIFAR-10, hinge and spectral norm",
        _config("cifar10", **SPECTRAL_PHOTOGRAPHS),
        "Every layer of D is divided by its largest singular value.",
    ),
    "cifar10-resnet": Entry(
        "CIFAR-10 by class, ResNet",
        _config("cifar10", **RESIDUAL_PHOTOGRAPHS),
        "Residual blocks, and both players know the class. Four minutes on a GPU, with rates that "
        "fall to 0.",
        weights="last",
    ),
    "mnist-least-squares": Entry(
        "MNIST, least squares",
        _config("mnist", **WIDE, loss={"objective": "least-squares"}, evaluate_every=940),
        "D regresses to 1 and 0 instead of classifying.",
    ),
    "mnist-wgan-gp": Entry(
        "MNIST, WGAN-GP",
        _measured(
            "mnist",
            **CRITIC,
            network={"latent_dim": 32, "d_norm": "layer"},
            precision="bf16",
            epochs=40,
        ),
        "D is a critic; minus its loss estimates a distance between generated and real images.",
    ),
    "mnist-style": Entry(
        "MNIST, style-based",
        _config("mnist", **STYLED),
        "z is mapped to a style that scales the weights of every size. Truncation draws styles "
        "towards their mean.",
        weights="last",
    ),
    "mnist-sn-hinge": Entry(
        "MNIST, hinge and spectral norm",
        _config("mnist", **WIDE_SPECTRAL, epochs=16, evaluate_every=470),
        "Every layer of D is divided by its largest singular value.",
    ),
    "mnist-minimax": Entry(
        "MNIST, minimax",
        _config("mnist", **WIDE, loss={"objective": "minimax"}, evaluate_every=940),
        "G minimizes log(1 - D(G(z))), whose gradient vanishes where D is sure.",
    ),
    "mnist-failure-collapse": Entry(
        "Failure: mode collapse",
        _config(
            "mnist",
            network={"g_width": 16, "d_width": 16, "d_norm": "none"},
            ema=0.0,
            optimizer={"g_lr": 2e-3, "d_lr": 2e-4, "adam_beta1": 0.9},
            epochs=3,
        ),
        "Kept on purpose: G learns ten times as fast as D, and all its samples look alike. They "
        "change together while "
        "D goes after them, and the losses look healthy most of the time.",
    ),
    "mnist-failure-strong-d": Entry(
        "Failure: D far too strong",
        _config(
            "mnist",
            loss={"objective": "minimax"},
            network={"g_width": 16, "d_width": 16},
            ema=0.0,
            balance={"d_steps": 5},
            optimizer={"g_lr": 2e-5, "d_lr": 1e-3},
            epochs=4,
        ),
        "Kept on purpose: D is never wrong, its loss is 0, so the gradient of the minimax G all "
        "but vanishes and its "
        "samples stay noise.",
    ),
    **{
        name: entry
        for seed in range(3)
        for name, entry in _arms(
            f"mnist-half-dcgan{{}}-seed-{seed}",
            f"MNIST, half the width, {{}}, seed {seed}",
            **SLOWER_D,
            precision="bf16",
            evaluate_every=940,
            epochs=8,
            seed=seed,
        ).items()
    },
    **TRANSLATIONS,
}


def groups(names: list[str]) -> list[list[str]]:
    """The named entries (all if none) in the order in which they are trained.

    Those to be compared together.
    """
    unknown = sorted(set(names) - set(ZOO))
    if unknown:
        near = get_close_matches(unknown[0], ZOO, 1, 0) or list(ZOO)
        raise ValueError(
            f"A zoo entry must be one of the {len(ZOO)} in gandash/zoo/entries.py, and "
            f"{unknown[0]!r} is none: "
            f"did you mean {near[0]}?"
        )
    together: dict[str, list[str]] = {}
    for name in names or ZOO:
        together.setdefault(ZOO[name].group or name, []).append(name)
    return list(together.values())
