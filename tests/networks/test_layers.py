"""Layers against their definitions, written with loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gandash.networks.layers import (
    REFERENCE,
    ConditionalBatchNorm,
    MinibatchDiscrimination,
    SelfAttention,
    VirtualBatchNorm,
    append_labels,
    minibatch_stddev,
    norm_layer,
    pack,
)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Minibatch discrimination


def test_minibatch_discrimination_is_the_papers_double_sum() -> None:
    """o(x_i)_b = sum over j != i of exp(-|M_i,b - M_j,b|_1).

    M_i,b,c = sum over a of f_i,a T_a,b,c.
    """
    N, A, B, C = 5, 4, 3, 2
    layer = MinibatchDiscrimination(A, B, C).double()
    layer.T.data = noise(A, B * C, seed=1)
    f = noise(N, A)
    x, T, expected = f.numpy(), layer.T.detach().view(A, B, C).numpy(), np.zeros((N, B))
    for i in range(N):
        for j in set(range(N)) - {i}:
            for b in range(B):
                distance = sum(abs(x[i] @ T[:, b, c] - x[j] @ T[:, b, c]) for c in range(C))
                expected[i, b] += math.exp(-distance)
    out = layer(f)
    assert out.shape == (N, A + B)
    assert torch.equal(out[:, :A], f)
    torch.testing.assert_close(out[:, A:].detach(), torch.from_numpy(expected))


def test_minibatch_discrimination_does_not_count_the_image_itself() -> None:
    layer = MinibatchDiscrimination(4, 3, 2).double()
    layer.T.data = noise(4, 6, seed=1)
    f = noise(1, 4)
    assert not layer(f)[:, 4:].any(), "alone there is nobody to be near to"
    assert layer(f.expand(7, -1))[:, 4:].detach() == pytest.approx(6), (
        "seven copies have six neighbours at distance 0"
    )


def test_minibatch_discrimination_starts_with_the_papers_tensor() -> None:
    """T ~ N(0, 0.05), B = 100, C = 5: exp(-distance) must not be saturated on unit features."""
    layer = MinibatchDiscrimination(64)
    layer.reset(torch.Generator().manual_seed(0))
    assert layer.T.shape == (64, 500)
    assert layer.T.std().item() == pytest.approx(0.05, rel=0.02)
    assert abs(layer.T.mean().item()) < 0.001
    closeness = layer(noise(16, 64).float())[:, 64:].mean()
    assert 0.01 * 15 < closeness < 0.5 * 15


def test_the_deviation_of_a_batch_is_numpys() -> None:
    for shape in ((6, 3, 4, 4), (6, 5)):
        x = noise(*shape)
        out = minibatch_stddev(x)
        assert out.shape == (6, shape[1] + 1, *shape[2:])
        assert torch.equal(out[:, :-1], x)
        expected = np.sqrt(x.numpy().var(0) + 1e-8).mean()
        np.testing.assert_allclose(out[:, -1].numpy(), expected, rtol=1e-12)


def test_the_deviation_of_a_collapsed_batch_is_nothing_and_has_a_gradient() -> None:
    x = noise(1, 3, 4, 4).repeat(6, 1, 1, 1).requires_grad_()
    out = minibatch_stddev(x)
    assert float(out[0, -1, 0, 0].detach()) == pytest.approx(1e-4)
    (gradient,) = torch.autograd.grad(out[:, -1].sum(), x)
    assert torch.isfinite(gradient).all()


# Norms


def virtual_by_hand(features: Tensor, layer: VirtualBatchNorm) -> Tensor:
    """Every example and channel by itself.

    Statistics of itself and the reference, mixed c to 1 - c.
    """
    R, eps = layer.reference, layer.eps
    x = features.flatten(2).numpy() if features.dim() > 2 else features[:, :, None].numpy()
    out, c = np.empty_like(x), 1 / (R + 1)
    for channel in range(x.shape[1]):
        reference = x[:R, channel]
        mean_r, square_r = reference.mean(), (reference**2).mean()
        for row in range(len(x)):
            own = x[row, channel]
            share = c if row >= R else 0.0
            mean = share * own.mean() + (1 - share) * mean_r
            variance = share * (own**2).mean() + (1 - share) * square_r - mean**2
            scale, shift = layer.weight[channel].item(), layer.bias[channel].item()
            out[row, channel] = scale * (own - mean) / np.sqrt(variance + eps) + shift
    return torch.from_numpy(out.reshape(features.shape))


@pytest.mark.parametrize("shape", [(9, 3, 4, 4), (9, 3)])
def test_virtual_batch_norm_is_its_definition(shape: tuple[int, ...]) -> None:
    layer = VirtualBatchNorm(3, reference=4).double()
    layer.weight.data, layer.bias.data = noise(3, seed=1), noise(3, seed=2)
    features = 2 + 3 * noise(*shape)
    torch.testing.assert_close(layer(features).detach(), virtual_by_hand(features, layer))


@pytest.mark.parametrize("shape", [(9, 3, 4, 4), (9, 3)])
def test_virtual_batch_norm_leaves_examples_to_themselves(shape: tuple[int, ...]) -> None:
    layer = VirtualBatchNorm(3, reference=4).double()
    features = noise(*shape)
    other = features.clone()
    other[6:] += 5
    assert torch.equal(layer(features)[:6], layer(other)[:6])
    alone = torch.cat([features[:4], features[5:6]])
    torch.testing.assert_close(layer(alone)[4], layer(features)[5])
    other = features.clone()
    other[0] += 5
    assert not torch.allclose(layer(other)[4:], layer(features)[4:]), "the reference counts"


def test_the_reference_alone_is_batch_normalized() -> None:
    layer = VirtualBatchNorm(3, reference=5).double()
    features = 1 + 2 * noise(8, 3, 4, 4)
    torch.testing.assert_close(
        layer(features)[:5],
        nn.functional.batch_norm(features[:5], None, None, training=True, eps=layer.eps),
    )


def test_virtual_batch_norm_of_a_constant_channel_is_finite() -> None:
    layer = VirtualBatchNorm(2, reference=3)
    features = torch.full((5, 2, 2, 2), 0.1, requires_grad=True)
    out = layer(features)
    out.sum().backward()
    assert out.abs().max() < 1e-3
    assert torch.isfinite(features.grad).all()


def test_conditional_batch_norm_is_batch_norm_with_the_class_s_scale_and_shift() -> None:
    layer = ConditionalBatchNorm(3, 2).double()
    layer.scale.weight.data, layer.shift.weight.data = noise(2, 3, seed=1), noise(2, 3, seed=2)
    plain = [nn.BatchNorm2d(3).double() for _ in range(2)]
    for label, norm in enumerate(plain):
        norm.weight.data, norm.bias.data = (
            layer.scale.weight.data[label],
            layer.shift.weight.data[label],
        )
    labels = torch.tensor([0, 1, 1, 0, 1])
    for training in (True, False):
        for module in (layer, *plain):
            module.train(training)
        features = 1 + 2 * noise(5, 3, 4, 4, seed=3)
        out = layer(features, labels)
        each = [norm(features) for norm in plain]
        for row, label in enumerate(labels):
            torch.testing.assert_close(out[row], each[label][row])
    assert torch.equal(layer.norm.running_mean, plain[0].running_mean)


def test_conditional_batch_norm_starts_as_batch_norm() -> None:
    layer = ConditionalBatchNorm(3, 2)
    layer.reset(torch.Generator())
    features = noise(5, 3, 4, 4).float()
    torch.testing.assert_close(
        layer(features, torch.tensor([0, 1, 0, 1, 0])), nn.BatchNorm2d(3)(features)
    )


@pytest.mark.parametrize(("flat", "shape"), [(False, (6, 4, 3, 3)), (True, (6, 4))])
def test_norms_by_their_names(flat: bool, shape: tuple[int, ...]) -> None:
    """Mean 0 and variance 1 over what each norm is named for."""
    features = 3 + 2 * noise(*shape).float()
    axes = {
        "batch": tuple(i for i in range(len(shape)) if i != 1),
        "layer": tuple(range(1, len(shape))),
    }
    if not flat:
        axes["instance"] = (2, 3)
    for kind, over in axes.items():
        out = norm_layer(kind, 4, flat=flat)(features)  # type: ignore[arg-type]
        torch.testing.assert_close(
            out.mean(over), torch.zeros_like(out.mean(over)), atol=1e-5, rtol=0
        )
        variance = out.var(over, unbiased=False)
        torch.testing.assert_close(variance, torch.ones_like(variance), atol=1e-3, rtol=0)
    assert torch.equal(norm_layer("none", 4, flat=flat)(features), features)
    virtual = norm_layer("virtual", 4, flat=flat)
    assert isinstance(virtual, VirtualBatchNorm)
    assert virtual.reference == REFERENCE
    assert isinstance(norm_layer("batch", 4, classes=3), ConditionalBatchNorm)


# Attention


def test_self_attention_is_the_papers_sum_over_places() -> None:
    """beta_j,i = softmax over i of f(x_i) .

    G(x_j); o_j = o(sum over i of beta_j,i h(x_i)); x + gamma o.
    """
    layer = SelfAttention(16).double()
    for number, weight in enumerate(layer.parameters()):
        weight.data = noise(weight.numel(), seed=number).view_as(weight)
    assert layer.gamma.item() not in (0, 1)
    x = noise(2, 16, 3, 4)
    weights = {name: getattr(layer, name).weight.detach()[:, :, 0, 0] for name in "fgho"}
    assert [weights[name].shape for name in "fgho"] == [(2, 16), (2, 16), (8, 16), (16, 8)]
    expected = x.clone()
    for n in range(2):
        places = [x[n, :, i, j] for i in range(3) for j in range(4)]
        for j, here in enumerate(places):
            scores = [float((weights["f"] @ there) @ (weights["g"] @ here)) for there in places]
            shares = np.exp(np.array(scores) - max(scores))
            shares /= shares.sum()
            seen = sum(
                share * (weights["h"] @ there) for share, there in zip(shares, places, strict=True)
            )
            expected[n, :, j // 4, j % 4] += layer.gamma.detach() * (weights["o"] @ seen)
    torch.testing.assert_close(layer(x).detach(), expected)


def test_new_attention_changes_nothing_but_can_learn_to() -> None:
    layer = SelfAttention(8)
    x = noise(2, 8, 4, 4).float()
    out = layer(x)
    assert torch.equal(out, x)
    out.square().sum().backward()
    assert layer.gamma.grad is not None
    assert layer.gamma.grad != 0


# Labels and packs


def test_labels_become_one_hot_entries_or_channels() -> None:
    labels = torch.tensor([2, 0])
    vectors = append_labels(noise(2, 3), labels, 4)
    assert vectors.dtype == torch.float64
    assert vectors[:, 3:].tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    images = append_labels(noise(2, 3, 2, 5), labels, 4)
    assert images.shape == (2, 7, 2, 5)
    assert torch.equal(images[:, :3], noise(2, 3, 2, 5))
    for row, label in enumerate(labels):
        for number in range(4):
            assert (images[row, 3 + number] == float(number == label)).all()


@pytest.mark.parametrize("shape", [(6, 2, 4, 4), (6, 2)])
def test_a_pack_joins_neighbours_along_the_channels(shape: tuple[int, ...]) -> None:
    x = noise(*shape)
    packed = pack(x, 3)
    assert packed.shape == (2, 6, *shape[2:])
    for number in range(2):
        for place in range(3):
            assert torch.equal(packed[number, 2 * place : 2 * place + 2], x[3 * number + place])
    assert pack(x, 1) is x
