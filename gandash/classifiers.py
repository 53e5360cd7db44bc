"""A small convolutional classifier, trained here: it says which class a generated image belongs to."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gandash.data import Dataset, to_unit

BATCH, LEARNING_RATE, WEIGHT_DECAY = 128, 2e-3, 1e-2


class Classifier(nn.Module):
    """Images (N, C, 32, 32) in [-1, 1] to class scores (N, classes): four 3x3 convolutions, batch norm, three pools."""

    def __init__(self, channels: int, classes: int, width: int = 16) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number, (a, b) in enumerate([(channels, width), (width, 2 * width), (2 * width, 4 * width)]):
            layers += [nn.Conv2d(a, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
            if number == 2:
                layers += [nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)
        self.output = nn.Linear(4 * width * 16, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.output(self.layers(images).flatten(1))  # type: ignore[no-any-return]


def fit(dataset: Dataset, epochs: int, seed: int = 0) -> Classifier:
    """Train on labelled images with AdamW and a one-cycle schedule; the seed decides weights and order."""
    if dataset.labels is None:
        raise ValueError(f"A classifier needs labels, and {dataset.name!r} has none: choose data in classes")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Classifier(dataset.shape[0], len(dataset.classes))
        optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        steps = epochs * (len(dataset) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE * 2, total_steps=steps)
        for index in _order(len(dataset), epochs):
            loss = cross_entropy(network(to_unit(dataset.images[index])), dataset.labels[index])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return network.eval().requires_grad_(False)


def _order(images: int, epochs: int) -> Iterator[Tensor]:
    for _ in range(epochs):
        order = torch.randperm(images)
        yield from (order[start : start + BATCH] for start in range(0, images - BATCH + 1, BATCH))


@torch.inference_mode()
def classify(network: Classifier, images: Tensor) -> Tensor:
    """The most likely class of each uint8 image (N, C, 32, 32), (N,) int64."""
    return torch.cat([network(to_unit(batch)).argmax(1) for batch in images.split(1024)])  # type: ignore[no-untyped-call]


def accuracy(network: Classifier, dataset: Dataset) -> float:
    """Share of a labelled data set that is put into the right class."""
    if dataset.labels is None:
        raise ValueError(f"Accuracy needs labels, and {dataset.name!r} has none: choose data in classes")
    return float((classify(network, dataset.images) == dataset.labels).float().mean())
