"""Combinations of settings that make no sense: the rule, the value and the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gandash.config.sections import DataConfig, NetworkConfig
from gandash.losses.objectives import OBJECTIVES

if TYPE_CHECKING:
    from gandash.config.run import Config


def contradictions(config: Config) -> Iterator[tuple[object, str]]:
    """Combinations that make no sense.

    Whether this is one, and the rule, the value and the remedy.
    """
    yield from _architecture_rules(config.network, config.data)
    yield from _gradient_rules(config)
    yield from _label_rules(config)
    yield from _balance_rules(config)
    yield from _evaluation_rules(config)


def _architecture_rules(network: NetworkConfig, data: DataConfig) -> Iterator[tuple[object, str]]:
    mlp = network.architecture == "mlp"
    yield (
        not data.kind.pixels and not mlp,
        (
            f"dataset {data.dataset!r} holds {data.kind.name}, and "
            f"{network.architecture!r} needs images: set architecture to mlp"
        ),
    )
    yield (
        network.architecture == "resnet" and data.size != 32,
        (
            f"the resnet pair is made for size 32, not {data.size}: set size to 32 or architecture "
            "to dcgan"
        ),
    )
    yield (
        mlp and "instance" in (network.g_norm, network.d_norm),
        (
            "instance norm needs feature maps, and an mlp has single features: choose batch, "
            "virtual, layer or none"
        ),
    )
    yield (
        mlp and network.attention,
        "attention needs feature maps, and an mlp has none: set attention to 0",
    )
    yield (
        network.attention * 2 > data.size,
        (
            f"attention must be at most half of size {data.size}, not {network.attention}: choose "
            "a smaller one or 0"
        ),
    )


def _gradient_rules(config: Config) -> Iterator[tuple[object, str]]:
    regularizer, network, collapse = config.regularizer, config.network, config.collapse
    yield (
        regularizer.gradient_penalty and network.d_norm == "batch",
        (
            "gradient_penalty needs a D whose output for one image does not depend on the others, "
            "and d_norm is "
            "'batch': set d_norm to layer, instance or none"
        ),
    )
    yield (
        regularizer.gradient_penalty and collapse.minibatch != "none",
        (
            "gradient_penalty needs a D whose output for one image does not depend on the others, "
            "and minibatch is "
            f"{collapse.minibatch!r}: set one of them to none"
        ),
    )
    lipschitz = sum(
        map(bool, (regularizer.gradient_penalty, regularizer.weight_clip, network.d_spectral_norm))
    )
    yield (
        OBJECTIVES[config.loss.objective].critic and lipschitz != 1,
        (
            f"the {config.loss.objective} objective needs exactly one of gradient_penalty, "
            "weight_clip and "
            f"d_spectral_norm, and {lipschitz} are set: set one (10 with d_norm layer, 0.01, or on)"
        ),
    )
    penalties = regularizer.gradient_penalty or regularizer.r1_gamma or regularizer.weight_clip
    yield (
        collapse.unroll_steps and penalties,
        (
            "unroll_steps imagines D's updates from the objective alone, and a penalty or clipping "
            "is set: "
            "set gradient_penalty, r1_gamma and weight_clip to 0, or unroll_steps"
        ),
    )
    yield (
        collapse.unroll_steps
        and collapse.unroll_method == "adam"
        and config.optimizer.method != "adam",
        (
            "unroll_method adam imagines the updates of D's own Adam, and method is "
            f"{config.optimizer.method!r}: "
            "set unroll_method to sgd"
        ),
    )


def _label_rules(config: Config) -> Iterator[tuple[object, str]]:
    labels, network = config.labels, config.network
    kind, told = labels.conditioning, labels.told
    classifies = kind in ("d-only", "semi-supervised")
    yield (
        labels.g_labels == "batch-norm"
        and not (told and network.g_norm == "batch" and network.architecture != "mlp"),
        (
            "g_labels batch-norm needs conditioning concat or projection, a dcgan or resnet, "
            "g_norm batch, and it "
            f"is {kind}, {network.architecture}, {network.g_norm}: set g_labels to concat"
        ),
    )
    yield (
        labels.labelled and not classifies,
        (
            f"labelled needs a D that classifies, and conditioning is {kind!r}: choose d-only or "
            "semi-supervised"
        ),
    )
    yield (
        kind == "semi-supervised" and not OBJECTIVES[config.loss.objective].cross_entropy,
        (
            "semi-supervised makes D's logit from class scores, which needs a cross-entropy "
            "objective, "
            f"and {config.loss.objective!r} is none: choose non-saturating or d-only"
        ),
    )
    yield (
        told and "virtual" in (network.g_norm, network.d_norm),
        (
            f"virtual norm has a reference batch without labels, and conditioning is {kind!r}: "
            "choose another norm"
        ),
    )
    yield (
        kind != "none" and config.collapse.pack > 1,
        (
            f"pack joins images of any class, and conditioning is {kind!r}: set pack to 1 or "
            "conditioning to none"
        ),
    )
    yield (
        kind != "none" and not config.data.kind.classes,
        (
            f"conditioning needs labels, and dataset {config.data.dataset!r} has none: set "
            "conditioning to none"
        ),
    )


def _balance_rules(config: Config) -> Iterator[tuple[object, str]]:
    balance, collapse, kind = config.balance, config.collapse, config.labels.conditioning
    fixed = balance.rule == "fixed"
    yield (
        not fixed and (balance.d_steps, balance.g_steps) != (1, 1),
        (
            f"rule {balance.rule!r} decides who is updated, and d_steps and g_steps are "
            f"{balance.d_steps} and "
            f"{balance.g_steps}: set both to 1, or rule to fixed"
        ),
    )
    yield (
        balance.rule == "worse" and config.loss.objective != "non-saturating",
        (
            "rule worse compares both losses per image, which the non-saturating objective has on "
            "one scale, "
            f"and it is {config.loss.objective!r}: choose loss-rate or fixed"
        ),
    )
    yield (
        collapse.unroll_steps and not fixed,
        (
            f"unroll_steps needs G's turn in every step, and rule is {balance.rule!r}: set it to "
            "fixed"
        ),
    )
    yield (
        collapse.unroll_steps and balance.discriminators > 1,
        (
            f"unroll_steps imagines one D, and there are {balance.discriminators}: set "
            "discriminators to 1"
        ),
    )
    yield (
        balance.discriminators > 1 and kind in ("d-only", "semi-supervised"),
        (
            f"conditioning {kind!r} makes D the one classifier, and there are "
            f"{balance.discriminators}: "
            "set discriminators to 1"
        ),
    )
    yield (
        config.batch_size % collapse.pack,
        (
            f"batch_size must be a multiple of pack, and {config.batch_size} is none of "
            f"{collapse.pack}: change one"
        ),
    )


def _evaluation_rules(config: Config) -> Iterator[tuple[object, str]]:
    every = config.evaluate_every
    yield (
        every and not config.data.kind.measured,
        (
            f"evaluate_every measures images, and dataset {config.data.dataset!r} holds "
            f"{config.data.kind.name}: set evaluate_every to 0"
        ),
    )
    yield (
        every % config.report_every,
        (
            f"evaluate_every must be a multiple of report_every, and {every} is none of "
            f"{config.report_every}: "
            "change one"
        ),
    )
