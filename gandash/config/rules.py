"""Combinations of settings that make no sense: the rule, the value and the remedy in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gandash.config.architectures import ARCHITECTURES, names
from gandash.config.sections import DataConfig, NetworkConfig
from gandash.config.settings import value_of
from gandash.kinds import OF_PAIRS, PAIRS
from gandash.losses.objectives import OBJECTIVES

if TYPE_CHECKING:
    from gandash.config.run import Config

NOT_OF_TRANSLATION = (
    "regularizer.gradient_penalty", "regularizer.r1_gamma", "regularizer.r2_gamma",
    "regularizer.weight_clip", "regularizer.instance_noise", "collapse.minibatch",
    "collapse.pack", "collapse.unroll_steps", "few.augment", "few.freeze_d",
    "labels.conditioning", "balance.d_steps", "balance.g_steps", "balance.rule",
    "balance.discriminators", "network.architecture", "network.attention",
    "network.g_spectral_norm", "network.first_weights", "regularizer.orthogonal", "spectra",
    "loss.feature_matching", "regularizer.drift", "network.d_places",
)  # fmt: skip
"""Settings that image translation does without."""
FEWEST_ENCODED = 2  # one image alone has no variance, which norms divide by
LEAKS = 0.8  # probability of changes above which G begins to make them (Karras et al. 2020, 2.2)


def contradictions(config: Config) -> Iterator[str]:
    """What makes no sense in a config, a sentence each."""
    yield from _always(config)
    yield from _since_0_2(config)


def damages(config: Config) -> Iterator[str]:
    """What makes no sense in a stored config, a sentence each.

    Less than in a new one: what was allowed when it was stored is kept as it is.
    """
    yield from _always(config)


def _always(config: Config) -> Iterator[str]:
    yield from _architecture_rules(config.network, config.data)
    yield from _gradient_rules(config)
    yield from _pairing_rules(config)
    yield from _distribution_rules(config)
    yield from _matching_rules(config)
    yield from _places_rules(config)
    yield from _schedule_rules(config)
    yield from _unrolling_rules(config)
    yield from _label_rules(config)
    yield from _balance_rules(config)
    yield from _evaluation_rules(config)
    yield from _few_images_rules(config)
    yield from _translation_rules(config)
    yield from _autoencoder_rules(config)


def _since_0_2(config: Config) -> Iterator[str]:
    """Rules that runs and cards of earlier versions did not know."""
    network = config.network
    if network.d_spectral_norm and ARCHITECTURES[network.architecture].own_weights:
        yield (
            f"the {network.architecture} pair scales its weights in a way of its own, and "
            f"d_spectral_norm is on: set it to False, or architecture to "
            f"{_or(names(own_weights=False))}"
        )
    for name in ("r1_gamma", "r2_gamma"):
        if not getattr(config.regularizer, name):
            continue
        needs = f"{name} needs a D whose output for one image does not depend on the others, and"
        if config.network.d_norm == "batch":
            yield (
                f"{needs} d_norm is 'batch': set d_norm to layer, instance or none, or {name} to 0"
            )
        if config.collapse.minibatch != "none" and not _compares(config):
            yield (
                f"{needs} minibatch is {config.collapse.minibatch!r}: "
                f"set minibatch to none, or {name} to 0"
            )


def _compares(config: Config) -> bool:
    """Whether D compares a batch as the architecture's paper does."""
    architecture = ARCHITECTURES[config.network.architecture]
    return architecture.compares and config.collapse.minibatch == "stddev"


def _architecture_rules(network: NetworkConfig, data: DataConfig) -> Iterator[str]:
    name = network.architecture
    architecture = ARCHITECTURES[name]
    if not data.kind.pixels and not architecture.points:
        yield (
            f"dataset {data.dataset!r} holds {data.kind.name}, and {name!r} needs images: "
            f"set architecture to {_or(names(points=True))}"
        )
    if data.flips and not data.kind.pixels:
        yield (
            f"flips mirror images, and dataset {data.dataset!r} holds {data.kind.name}: "
            "set flips to False"
        )
    if data.size not in architecture.sizes:
        others = tuple(other for other, row in ARCHITECTURES.items() if data.size in row.sizes)
        yield (
            f"the {name} pair is made for size {_or(architecture.sizes)}, not {data.size}: "
            f"set size to {_or(architecture.sizes)} or architecture to {_or(others)}"
        )
    if not architecture.maps and "instance" in (network.g_norm, network.d_norm):
        yield (
            f"instance norm needs feature maps, and an {name} has single features: "
            "choose batch, virtual, layer or none"
        )
    if network.attention and not architecture.attention:
        yield (
            f"attention needs an architecture with a place for it, and {name} has none: set "
            f"attention to 0 or architecture to {_or(names(attention=True))}"
        )
    if architecture.norms == ("none",) and (network.g_norm, network.d_norm) != ("none", "none"):
        yield (
            f"the {name} pair has no normalization, and g_norm and d_norm are {network.g_norm!r} "
            f"and {network.d_norm!r}: set both to none"
        )
    if architecture.own_weights and network.first_weights != "usual":
        yield (
            f"the {name} pair draws its weights in a way of its own, and first_weights is "
            f"{network.first_weights!r}: set it to usual, or architecture to "
            f"{_or(names(own_weights=False))}"
        )
    if architecture.own_weights and network.g_spectral_norm:
        yield (
            f"the {name} pair scales its weights in a way of its own, and g_spectral_norm is on: "
            f"set it to False, or architecture to {_or(names(own_weights=False))}"
        )
    if network.attention * 2 > data.size:
        yield (
            f"attention must be at most half of size {data.size}, not {network.attention}: "
            "choose a smaller one or 0"
        )


def _gradient_rules(config: Config) -> Iterator[str]:
    regularizer = config.regularizer
    network = config.network
    minibatch = config.collapse.minibatch
    if regularizer.gradient_penalty and network.d_norm == "batch":
        yield (
            "gradient_penalty needs a D whose output for one image does not depend on the others, "
            "and d_norm is 'batch': set d_norm to layer, instance or none"
        )
    if regularizer.gradient_penalty and minibatch != "none" and not _compares(config):
        yield (
            "gradient_penalty needs a D whose output for one image does not depend on the others, "
            f"and minibatch is {minibatch!r}: set one of them to none"
        )
    if regularizer.orthogonal and ARCHITECTURES[network.architecture].own_weights:
        yield (
            f"orthogonal draws filters to right angles, and the {network.architecture} pair scales "
            f"them in a way of its own: set orthogonal to 0, or architecture to "
            f"{_or(names(own_weights=False))}"
        )
    bounds = (regularizer.gradient_penalty, regularizer.weight_clip, network.d_spectral_norm)
    bounded = sum(map(bool, bounds))
    if OBJECTIVES[config.loss.objective].critic and bounded != 1:
        yield (
            f"the {config.loss.objective} objective needs exactly one of gradient_penalty, "
            f"weight_clip and d_spectral_norm, and {bounded} are set: "
            "set one (10 with d_norm layer, 0.01, or on)"
        )


def _pairing_rules(config: Config) -> Iterator[str]:
    objective = config.loss.objective
    if not OBJECTIVES[objective].paired:
        return
    balance = config.balance
    if config.collapse.unroll_steps:
        yield (
            f"unroll_steps imagines D's view of generated images alone, and the {objective} "
            "objective compares them with real ones: set unroll_steps to 0"
        )
    if balance.rule != "fixed":
        yield (
            f"the {objective} objective has losses that say who is ahead for both alike, and rule "
            f"is {balance.rule!r}: set it to fixed"
        )


def _distribution_rules(config: Config) -> Iterator[str]:
    objective = config.loss.objective
    if not OBJECTIVES[objective].distribution:
        return
    if config.network.d_places:
        yield (
            f"the {objective} objective has D give one distribution an image, and d_places is on: "
            "set d_places to False"
        )
    if config.labels.conditioning == "projection":
        yield (
            "projection adds to D's one output, and with the "
            f"{objective} objective D gives a distribution: set conditioning to concat or d-only"
        )


def _matching_rules(config: Config) -> Iterator[str]:
    if not config.loss.feature_matching:
        return
    if config.collapse.unroll_steps:
        yield (
            "unroll_steps lets G learn against what D will say, and feature_matching does not ask "
            "D: set unroll_steps to 0, or feature_matching to False"
        )
    if config.loss.g_form != "trick":
        yield (
            "feature_matching gives G a loss of its own, and g_form is "
            f"{config.loss.g_form!r}: set it to trick"
        )
    if config.balance.rule != "fixed":
        yield (
            "feature_matching gives G a loss that does not say who is ahead, and rule is "
            f"{config.balance.rule!r}: set it to fixed"
        )


def _places_rules(config: Config) -> Iterator[str]:
    if not config.network.d_places:
        return
    name = config.network.architecture
    if not ARCHITECTURES[name].places:
        yield (
            f"d_places needs a D whose last features are maps, and that of {name} sees the image "
            f"as a whole: set d_places to False, or architecture to {_or(names(places=True))}"
        )
    if config.collapse.minibatch == "discrimination":
        yield (
            "d_places needs features that have places, and minibatch discrimination compares whole "
            "images: set minibatch to stddev or none, or d_places to False"
        )
    if config.collapse.unroll_steps:
        yield (
            "unroll_steps imagines a D with one output an image, and d_places is on: set "
            "unroll_steps to 0, or d_places to False"
        )
    if config.labels.conditioning == "semi-supervised":
        yield (
            "semi-supervised makes D's one output from class scores, and d_places is on: set "
            "conditioning to d-only, or d_places to False"
        )


def _schedule_rules(config: Config) -> Iterator[str]:
    if config.ema and config.ema_half_life:
        yield (
            f"ema and ema_half_life both say how long the moving average remembers, and they are "
            f"{config.ema} and {config.ema_half_life}: set one to 0"
        )
    if config.schedule.burn_in and config.optimizer.method != "adam":
        yield (
            f"burn_in changes Adam's beta2, and method is {config.optimizer.method!r}: "
            "set burn_in to 0"
        )


def _unrolling_rules(config: Config) -> Iterator[str]:
    collapse = config.collapse
    balance = config.balance
    regularizer = config.regularizer
    if not collapse.unroll_steps:
        return
    bounds = ("gradient_penalty", "r1_gamma", "r2_gamma", "weight_clip")
    if any(getattr(regularizer, bound) for bound in bounds):
        yield (
            "unroll_steps imagines D's updates from the objective alone, and a penalty or clipping "
            "is set: set gradient_penalty, r1_gamma, r2_gamma and weight_clip to 0, or unroll_steps"
        )
    if collapse.unroll_method == "adam" and config.optimizer.method != "adam":
        yield (
            "unroll_method adam imagines the updates of D's own Adam, and method is "
            f"{config.optimizer.method!r}: set unroll_method to sgd"
        )
    if ARCHITECTURES[config.network.architecture].grows:
        yield (
            "unroll_steps imagines updates of all of D's layers, and the "
            f"{config.network.architecture} pair has some that sleep until it grows: set "
            "unroll_steps to 0"
        )
    if balance.rule != "fixed":
        yield (
            f"unroll_steps needs G's turn in every step, and rule is {balance.rule!r}: "
            "set it to fixed"
        )
    if balance.discriminators > 1:
        yield (
            f"unroll_steps imagines one D, and there are {balance.discriminators}: "
            "set discriminators to 1"
        )


def _told_rules(config: Config) -> Iterator[str]:
    """How G is told a class."""
    labels = config.labels
    network = config.network
    kind = labels.conditioning
    architecture = ARCHITECTURES[network.architecture]
    norms = network.g_norm == "batch" and architecture.conditional_norm
    if labels.g_labels == "batch-norm" and not (labels.told and norms):
        yield (
            "g_labels batch-norm needs conditioning concat or projection, a "
            f"{_or(names(conditional_norm=True))}, g_norm batch, and it is {kind}, "
            f"{network.architecture}, {network.g_norm}: set g_labels to concat"
        )
    pieces = network.g_norm == "batch" and architecture.pieces
    if labels.g_labels == "shared" and not (labels.told and pieces):
        yield (
            "g_labels shared needs conditioning concat or projection, a "
            f"{_or(tuple(other for other, row in ARCHITECTURES.items() if row.pieces))}, g_norm "
            f"batch, and it is {kind}, {network.architecture}, {network.g_norm}: set g_labels to "
            "concat"
        )
    elif labels.g_labels == "shared" and network.latent_dim % architecture.pieces:
        yield (
            f"g_labels shared cuts z into {architecture.pieces} pieces, and latent_dim is "
            f"{network.latent_dim}: set it to a multiple of {architecture.pieces}"
        )


def _label_rules(config: Config) -> Iterator[str]:
    yield from _told_rules(config)
    labels = config.labels
    kind = labels.conditioning
    if labels.labelled and not labels.classifies:
        yield (
            f"labelled needs a D that classifies, and conditioning is {kind!r}: "
            "choose d-only or semi-supervised"
        )
    if kind == "semi-supervised" and not OBJECTIVES[config.loss.objective].cross_entropy:
        yield (
            "semi-supervised makes D's logit from class scores, which needs a cross-entropy "
            f"objective, and {config.loss.objective!r} is none: choose non-saturating or d-only"
        )
    if labels.told and "virtual" in (config.network.g_norm, config.network.d_norm):
        yield (
            "virtual norm has a reference batch without labels, and conditioning is "
            f"{kind!r}: choose another norm"
        )
    if kind != "none" and config.collapse.pack > 1:
        yield (
            f"pack joins images of any class, and conditioning is {kind!r}: "
            "set pack to 1 or conditioning to none"
        )
    if kind != "none" and not config.data.kind.classes:
        yield (
            f"conditioning needs labels, and dataset {config.data.dataset!r} has none: "
            "set conditioning to none"
        )
    if labels.classifies and config.balance.discriminators > 1:
        yield (
            f"conditioning {kind!r} makes D the one classifier, and there are "
            f"{config.balance.discriminators}: set discriminators to 1"
        )


def _balance_rules(config: Config) -> Iterator[str]:
    balance = config.balance
    pack = config.collapse.pack
    if balance.rule != "fixed" and (balance.d_steps, balance.g_steps) != (1, 1):
        yield (
            f"rule {balance.rule!r} decides who is updated, and d_steps and g_steps are "
            f"{balance.d_steps} and {balance.g_steps}: set both to 1, or rule to fixed"
        )
    if balance.rule == "worse" and config.loss.objective != "non-saturating":
        yield (
            "rule worse compares both losses per image, which the non-saturating objective has on "
            f"one scale, and it is {config.loss.objective!r}: choose loss-rate or fixed"
        )
    if config.batch_size % pack:
        yield (
            f"batch_size must be a multiple of pack, and {config.batch_size} is none of {pack}: "
            "change one"
        )


def _evaluation_rules(config: Config) -> Iterator[str]:
    every = config.evaluate_every
    if every and not config.data.kind.measured:
        yield (
            f"evaluate_every measures images, and dataset {config.data.dataset!r} holds "
            f"{config.data.kind.name}: set evaluate_every to 0"
        )
    if every % config.report_every:
        yield (
            f"evaluate_every must be a multiple of report_every, and {every} is none of "
            f"{config.report_every}: change one"
        )


def _few_images_rules(config: Config) -> Iterator[str]:
    few = config.few
    data = config.data
    if few.augment != "none" and not data.kind.pixels:
        yield (
            f"augment changes images, and dataset {data.dataset!r} holds {data.kind.name}: "
            "set augment to none"
        )
    if few.freeze_d and not few.start_from:
        yield (
            "freeze_d keeps layers that have learned something, and the run begins with random "
            f"weights and freeze_d {few.freeze_d}: set freeze_d to 0, or start_from to a checkpoint"
        )
    if few.freeze_d and ARCHITECTURES[config.network.architecture].grows:
        yield (
            f"freeze_d keeps the layers next to the image, and in the "
            f"{config.network.architecture} pair these change while it grows: set freeze_d to 0"
        )
    objective = config.loss.objective
    if few.augment == "ada" and not OBJECTIVES[objective].signed:
        yield (
            "augment ada steers by the sign of D's outputs, which says real or not in the "
            f"cross-entropy and hinge objectives alone, and objective is {objective!r}: set "
            "augment to diffaugment, or objective to non-saturating or hinge"
        )
    if few.augment == "diffaugment" and few.augment_p > LEAKS and "flip" in few.changes:
        yield (
            "Images that D sees mirrored and turned too often are made so by G too, and "
            f"augment_p is {few.augment_p:g} with {few.augment_policy}: set augment_p to "
            f"{LEAKS:g} at most, or augment_policy to color+translation+cutout"
        )


def _translation_rules(config: Config) -> Iterator[str]:
    pairs = config.data.kind is PAIRS
    if not config.translation.on:
        if pairs:
            yield (
                f"dataset {config.data.dataset!r} holds pairs, which a G of noise has no use for: "
                "set translator to pix2pix or cyclegan"
            )
        return
    name = config.translation.translator
    if not pairs:
        yield (
            f"{name} translates pairs, and dataset {config.data.dataset!r} holds "
            f"{config.data.kind.name}: choose one of pairs ({OF_PAIRS}NAME-OR-PATH), or set "
            "translator to none"
        )
    norms = (config.network.g_norm, config.network.d_norm)
    if "virtual" in norms:
        yield f"{name} has no reference batch, and a norm is 'virtual': set it to batch or instance"
    objective = config.loss.objective
    if OBJECTIVES[objective].paired or OBJECTIVES[objective].critic:
        yield (
            f"{name} judges patches by themselves and without bounds on D's slope, and objective "
            f"is {objective!r}: set it to non-saturating, least-squares or hinge"
        )
    for setting in NOT_OF_TRANSLATION:
        value = value_of(config, setting)
        plain = value_of(type(config)(), setting)
        short = setting.rpartition(".")[2]
        if value != plain:
            yield f"{name} is played without {short}, and it is {value!r}: set it to {plain!r}"


def _autoencoder_rules(config: Config) -> Iterator[str]:
    autoencoder = config.autoencoder
    if not autoencoder.encoder:
        return
    network = config.network
    if config.translation.on:
        yield (
            "encoder finds the z that G makes an image of, and in "
            f"{config.translation.translator} G makes images of images: set encoder to False, or "
            "translator to none"
        )
    elif not config.data.kind.pixels:
        yield (
            f"encoder looks at images, and dataset {config.data.dataset!r} holds "
            f"{config.data.kind.name}: set encoder to False"
        )
    if not ARCHITECTURES[network.architecture].lengths:
        yield (
            f"encoder says something with the length of z too, and G of the {network.architecture} "
            f"pair removes it: set architecture to {_or(names(lengths=True))}"
        )
    if network.g_norm == "virtual":
        yield (
            "encoder is normed as G is and has no reference batch, and g_norm is 'virtual': set it "
            "to batch, layer or instance"
        )
    drawn = round(autoencoder.prior_share * config.batch_size)
    if config.batch_size - drawn < FEWEST_ENCODED:
        yield (
            f"encoder needs {FEWEST_ENCODED} images of a batch at least, and prior_share "
            f"{autoencoder.prior_share:g} leaves it {config.batch_size - drawn} of "
            f"{config.batch_size}: lower it, or raise batch_size"
        )
    yield from _encoded_game_rules(config)


def _encoded_game_rules(config: Config) -> Iterator[str]:
    """With what else of the game an encoder does not go."""
    balance = config.balance
    if balance.discriminators > 1:
        yield (
            "encoder comes with one D of the images and one of z, and there are "
            f"{balance.discriminators}: set discriminators to 1"
        )
    if (balance.rule, balance.g_steps) != ("fixed", 1):
        yield (
            "encoder learns with G, once a step on the images that D saw, and rule and g_steps are "
            f"{balance.rule!r} and {balance.g_steps}: set them to fixed and 1"
        )
    if config.collapse.unroll_steps:
        yield (
            "unroll_steps imagines D's view of images alone, and with encoder a D judges z: set "
            "unroll_steps to 0"
        )
    if config.collapse.pack > 1:
        yield (
            "pack joins images that D judges as one, and with encoder some are drawn and some made "
            "again: set pack to 1"
        )
    if config.regularizer.weight_clip:
        yield (
            "weight_clip would bound the D that judges z too, which needs no bounds: set it to 0, "
            "and gradient_penalty or d_spectral_norm in its place"
        )


def _or(values: tuple[object, ...]) -> str:
    """Values in words: "16, 32 or 64"."""
    words = [str(value) for value in values]
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} or {words[-1]}"
