"""What settings and architectures know of themselves."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin

import pytest

from gandash.config import ARCHITECTURES, IMAGE_SIZES, Config, DataConfig, parse_config, tricks
from gandash.config.settings import about, leaves, value_of, values_of
from gandash.networks.pair import LAYERS, build_pair

FIELDS = dict(leaves(Config))

# By setting: values of others beside which it has no effect, and beside which it has one.
IDLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "data.size": ({"data.dataset": "ring"}, {"data.dataset": "mnist"}),
    "data.color": ({"data.dataset": "grid"}, {}),
    "network.architecture": ({"translation.translator": "pix2pix"}, {}),
    "loss.outcomes": ({}, {"loss.objective": "realness"}),
    "network.sync_batch_norm": ({"network.g_norm": "none", "network.d_norm": "layer"}, {}),
    "network.latent_dim": ({"translation.translator": "cyclegan"}, {}),
    "translation.translator_net": ({}, {"translation.translator": "pix2pix"}),
    "translation.blocks": ({}, {"translation.translator_net": "residual"}),
    "translation.patch": ({}, {"translation.translator": "cyclegan"}),
    "translation.l1": (
        {"translation.translator": "cyclegan"},
        {"translation.translator": "pix2pix"},
    ),
    "translation.dropout": ({"translation.translator_net": "residual"}, {}),
    "translation.cycle": ({}, {"translation.translator": "cyclegan"}),
    "translation.identity": ({}, {"translation.translator": "cyclegan"}),
    "translation.pool": ({}, {"translation.translator": "cyclegan"}),
    "autoencoder.encoder": ({"translation.translator": "pix2pix"}, {}),
    "autoencoder.reconstruction": ({}, {"autoencoder.encoder": True}),
    "autoencoder.z_weight": ({}, {"autoencoder.encoder": True}),
    "autoencoder.variation": ({}, {"autoencoder.encoder": True}),
    "autoencoder.prior_share": ({}, {"autoencoder.encoder": True}),
    "network.depth": ({"network.architecture": "resnet"}, {"network.architecture": "modern"}),
    "network.attention": ({"network.architecture": "mlp"}, {"network.architecture": "resnet"}),
    "labels.conditioning": ({"data.dataset": "ring"}, {}),
    "labels.g_labels": (
        {"labels.conditioning": "semi-supervised"},
        {"labels.conditioning": "concat"},
    ),
    "labels.labelled": ({"labels.conditioning": "concat"}, {"labels.conditioning": "d-only"}),
    "loss.alpha": ({"loss.objective": "hinge"}, {"loss.objective": "minimax"}),
    "loss.beta": ({"loss.objective": "wasserstein"}, {}),
    "loss.g_form": ({"loss.objective": "minimax"}, {"loss.objective": "f-kl"}),
    "regularizer.r1_every": ({}, {"regularizer.r1_gamma": 1.0}),
    "collapse.minibatch_kernels": (
        {"collapse.minibatch": "stddev"},
        {"collapse.minibatch": "discrimination"},
    ),
    "collapse.unroll_method": ({}, {"collapse.unroll_steps": 1}),
    "collapse.unroll_lr": (
        {"collapse.unroll_steps": 1, "collapse.unroll_method": "adam"},
        {"collapse.unroll_steps": 1},
    ),
    "schedule.lr_from": ({}, {"schedule.lr": "linear"}),
    "schedule.lr_to": ({}, {"schedule.lr": "cosine"}),
    "schedule.gamma_to": ({}, {"schedule.burn_in": 0.5}),
    "schedule.grown": ({}, {"network.architecture": "progressive"}),
    "schedule.beta2_to": ({}, {"schedule.burn_in": 0.5}),
    "data.framing": ({"data.dataset": "ring"}, {}),
    "data.background": ({"data.dataset": "ring"}, {}),
    "data.flips": ({"data.dataset": "ring"}, {}),
    "few.augment": ({"data.dataset": "ring"}, {}),
    "few.start_digest": ({}, {"few.start_from": "mnist-dcgan"}),
    "few.freeze_d": ({}, {"few.start_from": "mnist-dcgan"}),
    "few.augment_policy": ({}, {"few.augment": "ada"}),
    "few.augment_p": ({"few.augment": "ada"}, {"few.augment": "diffaugment"}),
    "few.ada_target": ({"few.augment": "diffaugment"}, {"few.augment": "ada"}),
    "few.ada_images": ({"few.augment": "diffaugment"}, {"few.augment": "ada"}),
    "balance.ratio": ({}, {"balance.rule": "worse"}),
    "optimizer.adam_beta1": ({"optimizer.method": "rmsprop"}, {}),
    "optimizer.adam_beta2": ({"optimizer.method": "rmsprop"}, {}),
    "epochs": ({"steps": 5}, {}),
    "evaluate_every": ({"data.dataset": "ring"}, {}),
}


def test_every_setting_has_a_title_and_a_sentence() -> None:
    for name, field in FIELDS.items():
        assert field.title, name
        assert str(field.description).endswith("."), name
        assert ".." not in str(field.description), name


def test_every_setting_that_can_be_without_effect_has_a_case() -> None:
    assert {name for name, field in FIELDS.items() if about(field).idle} == set(IDLE)


@pytest.mark.parametrize("name", IDLE)
def test_a_setting_knows_when_it_has_no_effect(name: str) -> None:
    without, having = IDLE[name]
    idle = about(FIELDS[name]).idle
    assert idle is not None
    assert idle.when(values_of(Config()) | without)
    assert not idle.when(values_of(Config()) | having)


def test_values_by_dotted_name() -> None:
    config = Config(epochs=3)
    values = values_of(config)
    assert set(values) == set(FIELDS)
    assert values["epochs"] == 3
    assert values["regularizer.r1_gamma"] == value_of(config, "regularizer.r1_gamma") == 0


def test_gray_is_read_in_the_spelling_of_earlier_cards_and_written_in_ours() -> None:
    earlier = parse_config({"data": {"color": "grey"}})
    assert earlier == Config(data=DataConfig(color="gray"))
    assert earlier.model_dump()["data"]["color"] == "gray"


def test_tricks_stand_with_their_papers() -> None:
    config = parse_config(
        {
            "network": {"architecture": "resnet", "d_spectral_norm": True, "d_norm": "none"},
            "regularizer": {"r1_gamma": 0.5},
            "balance": {"d_steps": 2},
        }
    )
    assert tricks.titles(config) == [
        "ResNet",
        "spectral norm",
        "R1 γ 0.5",
        "2 D updates",
        "no norm in D",
    ]
    sentence = tricks.of(config)["regularizer.r1_gamma"].sentence
    assert sentence == (
        "D's slope on real images is drawn to 0 (Mescheder et al. 2018, arXiv:1801.04406)."
    )
    assert not tricks.titles(Config())
    assert tricks.titles(config, "regularizer") == ["R1 γ 0.5"]


# Architectures


def test_every_architecture_has_its_layers() -> None:
    assert set(ARCHITECTURES) == set(LAYERS)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_is_built_at_the_sizes_of_its_row_and_refused_at_others(name: str) -> None:
    row = ARCHITECTURES[name]
    for size in IMAGE_SIZES:
        values = {
            "network": {
                "architecture": name,
                "g_width": 4,
                "d_width": 4,
                "latent_dim": 3,
                "g_norm": row.norms[0],
                "d_norm": row.norms[0],
            },
            "data": {"size": size},
        }
        if size not in row.sizes:
            with pytest.raises(ValueError, match=f"made for size .*, not {size}: set size to"):
                parse_config(values)
            continue
        G, D = build_pair(parse_config(values), (1, size, size))
        assert G.input_dims == (3 if row.latent_maps else 1)
        assert (D.members[0].head.output.bias is not None) == row.head_bias


def test_points_want_an_architecture_that_takes_them() -> None:
    for name, row in ARCHITECTURES.items():
        values = {"network": {"architecture": name}, "data": {"dataset": "ring"}}
        if row.points:
            parse_config(values)
        else:
            with pytest.raises(ValueError, match=r"holds points, and .* set architecture to mlp"):
                parse_config(values)


def test_an_architecture_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        ValueError,
        match=r"must be one of dcgan, resnet, modern, style, progressive, mlp, not 'vit'",
    ):
        parse_config({"network": {"architecture": "vit"}})


def choices(name: str) -> tuple[Any, ...]:
    field = FIELDS[name]
    literals = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    return about(field).choices or literals


@pytest.mark.parametrize("name", [name for name in FIELDS if choices(name)])
def test_choices_are_called_in_words_each_by_one_of_its_own(name: str) -> None:
    knows = about(FIELDS[name])
    titles = [knows.called(value) for value in choices(name)]
    assert len(set(titles)) == len(titles)
    assert set(knows.titles) <= set(choices(name))  # no title of what cannot be chosen
    for title in titles:
        assert not re.search(r"[+_]|sgd|unet|fp32|bf16", title), title


@pytest.mark.parametrize(
    ("name", "value", "title"),
    [
        ("loss.objective", "f-pearson", "f-GAN, Pearson chi-squared"),
        ("network.architecture", "modern", "R3GAN"),
        ("labels.conditioning", "d-only", "D classifies"),
        ("few.augment", "ada", "ADA"),
        ("few.augment_policy", "translation+cutout", "translation, cutout"),
        ("optimizer.method", "rmsprop", "RMSProp"),
        ("network.attention", 0, "none"),
        ("network.attention", 16, "16"),
    ],
)
def test_titles_of_choices(name: str, value: Any, title: str) -> None:
    assert about(FIELDS[name]).called(value) == title
