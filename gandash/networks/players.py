"""Generator and discriminator: an architecture's layers between their input and output stages."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from gandash.config import CollapseConfig, Conditioning
from gandash.networks.layers import (
    REFERENCE,
    Equalized,
    LabelledSequential,
    MinibatchDiscrimination,
    append_labels,
    minibatch_stddev,
)


class Encoder(nn.Module):
    """Images (N, C, H, W) in [-1, 1] to their latent vectors (N, latent_dim)."""

    def __init__(self, layers: nn.Sequential, shape: tuple[int, ...], latent_dim: int) -> None:
        super().__init__()
        self.layers = layers
        self.output = nn.Linear(math.prod(shape), latent_dim)

    def forward(self, images: Tensor) -> Tensor:
        features = self.layers(images)
        return _flat(self.output.weight, self.output.bias, features)


class LatentJudge(nn.Module):
    """Latent vectors (N, latent_dim) to logits (N,) that they were drawn from the prior: two hidden
    layers, as in Makhzani et al. 2015, arXiv:1511.05644, appendix A, narrower than there.

    With ``classes`` it sees the labels (N,) as well, so that z is to be as the prior in each class:
    z then cannot tell the class, and G needs the label.
    """

    WIDTH = 256

    def __init__(self, latent_dim: int, classes: int = 0) -> None:
        super().__init__()
        self.classes = classes
        self.layers = nn.Sequential(
            nn.Linear(latent_dim + classes, self.WIDTH),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(self.WIDTH, self.WIDTH),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(self.WIDTH, 1),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.classes and labels is not None:
            z = append_labels(z, labels, self.classes)
        logits: Tensor = self.layers(z)
        return logits.flatten()


class Generator(nn.Module):
    """Latent vectors (N, latent_dim) to images (N, C, H, W) in [-1, 1] or points (N, dim).

    A generator with ``classes`` takes labels (N,) int64 as well, beside z (``appended``) or in its
    conditional batch norms; these may see an embedding of the label, of ``embedded`` numbers, in
    its place. In an autoencoder it comes with the ``encoder`` that finds the z of images.
    """

    reference: Tensor | None
    encoder: Encoder | None

    def __init__(
        self,
        layers: LabelledSequential,
        latent_dim: int,
        shape: tuple[int, ...],
        *,
        input_dims: int = 1,
        classes: int = 0,
        appended: bool = False,
        embedded: int = 0,
        virtual: bool = False,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.shape = shape
        self.classes = classes
        self.appended = appended
        self.input_dims = input_dims
        self.layers = layers
        self.embedding = nn.Embedding(classes, embedded) if embedded else None
        self.encoder = None
        self.register_buffer("reference", torch.zeros(REFERENCE, latent_dim) if virtual else None)

    def reset(self, rng: torch.Generator) -> None:
        if self.embedding is not None:
            length = math.sqrt(self.embedding.embedding_dim)
            nn.init.normal_(self.embedding.weight, 0.0, 1 / length, generator=rng)
        if self.reference is not None:
            self.reference.normal_(generator=rng)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.classes and labels is None:
            raise ValueError(
                f"This generator makes images of {self.classes} classes: say of which, with labels "
                "(N,)"
            )
        if self.appended and labels is not None:
            z = append_labels(z, labels, self.classes)
        if self.reference is not None:
            z = torch.cat([self.reference.to(z.dtype), z])
        told = labels if self.embedding is None else self.embedding(labels)
        images: Tensor = self.layers(z.view(*z.shape, *[1] * (self.input_dims - 1)), told)
        return images if self.reference is None else images[len(self.reference) :]


class Head(nn.Module):
    """D's output stage: features (N, *shape) and labels to logits (N,) and, where D classifies,
    scores (N, classes).

    projection adds <embedding of the label, features summed over places> to the logit (Miyato and
    Koyama 2018); semi-supervised has the logit log sum exp of the scores, so that D = Z / (Z + 1)
    (Salimans et al. 2016, section 5). With ``places`` there is a logit for each place of the
    features, (N, H * W), as in a PatchGAN (Isola et al. 2017, arXiv:1611.07004, section 3.2.2).
    With ``outcomes`` there are logits (N, outcomes) of a distribution over grades of realness
    (Xiangli et al. 2020, arXiv:2002.05512).
    ``equalized``: the last layer has an equalized learning rate.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        collapse: CollapseConfig,
        conditioning: Conditioning,
        classes: int,
        *,
        bias: bool,
        places: bool = False,
        outcomes: int = 1,
        equalized: bool = False,
    ) -> None:
        super().__init__()
        self.outcomes = outcomes
        self.places = math.prod(shape[1:]) if places else 1
        self.minibatch = collapse.minibatch
        self.conditioning = conditioning
        flat = math.prod(shape)
        kernels = collapse.minibatch_kernels
        added = {"none": 0, "stddev": flat // shape[0], "discrimination": kernels}
        features = (flat + added[collapse.minibatch]) // self.places
        self.discrimination = (
            MinibatchDiscrimination(flat, kernels)
            if collapse.minibatch == "discrimination"
            else None
        )
        outputs = classes if conditioning == "semi-supervised" else outcomes
        self.output: nn.Linear | Equalized = (
            Equalized(outputs, features, bias=bias)
            if equalized
            else nn.Linear(features, outputs, bias=bias)
        )
        self.classify = nn.Linear(flat, classes) if conditioning == "d-only" else None
        self.embedding = nn.Embedding(classes, shape[0]) if conditioning == "projection" else None

    def reset(self, rng: torch.Generator) -> None:
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, 0.0, 0.02, generator=rng)

    def matrix(self) -> tuple[Tensor, Tensor | None]:
        """The last layer's weights (outputs, features) and biases."""
        if isinstance(self.output, Equalized):
            return self.output.used()
        return self.output.weight, self.output.bias

    def forward(self, features: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor | None]:
        seen = minibatch_stddev(features) if self.minibatch == "stddev" else features
        if self.discrimination is not None:
            seen = self.discrimination(seen.flatten(1))
        if self.places > 1:
            return self._of_places(features, seen, labels)
        output = _flat(*self.matrix(), seen)
        if self.conditioning == "semi-supervised":
            return output.float().logsumexp(1), output
        logits = output if self.outcomes > 1 else output.flatten()
        if self.embedding is not None:
            summed = features.reshape(*features.shape[:2], -1).sum(2)  # (N, C)
            logits = logits + (self.embedding(labels) * summed).sum(1)
        return logits, None if self.classify is None else self.classify(features.flatten(1))

    def _of_places(
        self, features: Tensor, seen: Tensor, labels: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        each = features.flatten(2).transpose(1, 2)  # (N, H * W, C)
        logits = self.output(seen.flatten(2).transpose(1, 2)).squeeze(2)
        if self.embedding is not None:
            logits = logits + (each @ self.embedding(labels)[:, :, None]).squeeze(2)
        return logits, None if self.classify is None else self.classify(features.flatten(1))


def _flat(weight: Tensor, bias: Tensor | None, features: Tensor) -> Tensor:
    """A linear layer on flattened features (N, F), (N, C, H, W); channels-last ones are taken in
    the order they lie in.

    To flatten them in the layer's order costs two transposes, of features and gradient: 4 % of a
    training step.
    """
    if features.dim() == 2 or features.is_contiguous():
        return linear(features.flatten(1), weight, bias)
    ordered = weight.view(len(weight), features.shape[1], -1).transpose(1, 2).flatten(1)
    return linear(features.permute(0, 2, 3, 1).flatten(1), ordered, bias)


def odds(outputs: Tensor) -> Tensor:
    """The logit (N,) of the mean realness, (1 + E u) / 2 with outcomes u from -1 to 1, of a
    distribution's logits (N, outcomes).
    """
    u = torch.linspace(-1, 1, outputs.shape[1], device=outputs.device)
    for_real, for_fake = (((1 + sign * u) / 2).log() for sign in (1, -1))
    return (outputs + for_real).logsumexp(1) - (outputs + for_fake).logsumexp(1)


class Discriminator(nn.Module):
    """Images (N, C, H, W) in [-1, 1] or points (N, dim), in packs where D judges packs, to logits
    (N,).

    ``classes`` is the number of labels appended to the input, 0 if none are. ``coupled`` says
    whether the output for one input depends on the rest of its batch. In an autoencoder it comes
    with the discriminator ``of_z``.
    """

    reference: Tensor | None
    of_z: LatentJudge | None

    def __init__(
        self,
        layers: nn.Sequential,
        head: Head,
        shape: tuple[int, ...],
        *,
        classes: int = 0,
        virtual: bool = False,
        coupled: bool = False,
    ) -> None:
        super().__init__()
        self.shape = shape
        self.classes = classes
        self.coupled = coupled
        self.layers = layers
        self.head = head
        self.of_z = None
        self.register_buffer("reference", torch.zeros(REFERENCE, *shape) if virtual else None)

    def features(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """What the last hidden layer makes of samples: (N, C, H, W) or (N, F)."""
        if self.classes and labels is not None:
            images = append_labels(images, labels, self.classes)
        if self.reference is not None:
            images = torch.cat([self.reference.to(images.dtype), images])
        features: Tensor = self.layers(images)
        return features if self.reference is None else features[len(self.reference) :]

    def judge(self, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (N,), or (N, places) or (N, outcomes) where D judges these, and, where it
        classifies, class scores (N, classes).
        """
        result: tuple[Tensor, Tensor | None] = self.head(self.features(images, labels), labels)
        return result

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.of_images(self.judge(images, labels)[0])

    def of_images(self, outputs: Tensor) -> Tensor:
        """Logits (N,) of whole images: of (N, places) the means, of (N, outcomes) the logit of the
        mean realness.
        """
        if outputs.dim() == 1:
            return outputs
        return odds(outputs) if self.head.outcomes > 1 else outputs.mean(1)

    def overall(self, outputs: Sequence[Tensor]) -> Tensor:
        """Logits (N,) of whole images, of what each member, here one, has put out."""
        (own,) = outputs
        return self.of_images(own)

    def freeze(self, count: int) -> None:
        """Keep the first ``count`` layers as they are: each a convolution, a block or a linear
        layer, with the norm behind it (Mo et al. 2020, arXiv:2002.10964).
        """
        seen = 0
        for module in self.layers:
            seen += any(parameter.dim() > 1 for parameter in module.parameters())
            if seen > count:
                return
            module.requires_grad_(False)

    @property
    def members(self) -> list[Discriminator]:
        """The discriminators in it: itself."""
        return [self]


class Ensemble(nn.Module):
    """Several discriminators, of which those that do better weigh more.

    ``weights`` (K,) are softmax(V_i) of the members' values V_i = E log D_i(x) +
    E log(1 - D_i(G(z))), minus their last losses. What G minimizes is the mean of its losses
    against each with these weights, so that it learns most from the best of them (Durugkar et al.
    2017, arXiv:1611.01673, section 4.1, with lambda = 1; the weights are taken as given). The
    logit, for those who ask for one, is the mean of the logits with these weights.
    """

    weights: Tensor

    def __init__(self, members: list[Discriminator]) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(members)
        self.coupled = members[0].coupled
        self.register_buffer("weights", torch.full((len(members),), 1 / len(members)))

    @property
    def members(self) -> list[Discriminator]:
        """The discriminators in it."""
        return list(self.discriminators)  # type: ignore[arg-type]

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.weigh(torch.stack([member(images, labels) for member in self.members]))

    def overall(self, outputs: Sequence[Tensor]) -> Tensor:
        """Logits (N,) of whole images, of what each member has put out."""
        each = [member.of_images(it) for member, it in zip(self.members, outputs, strict=True)]
        return self.weigh(torch.stack(each))

    def weigh(self, each: Tensor) -> Tensor:
        """Losses (K,) or logits (K, N) of the members to their weighted mean."""
        return self.weights.to(each.dtype) @ each

    @torch.no_grad()
    def rate(self, losses: Tensor) -> None:
        """Weigh the members by their losses (K,)."""
        self.weights.copy_((-losses).softmax(0))
