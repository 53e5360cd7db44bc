"""What the data must bring to a run, and what a run takes of it before its first step."""

from __future__ import annotations

import dataclasses

import pytest

from gandash import training
from gandash.data import Dataset
from tests.conftest import ConfigFactory
from tests.training.whole_runs import (
    start,
)


def test_too_few_images_for_a_batch_are_refused(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(batch_size=25)
    with pytest.raises(ValueError, match="it is 25 for 24 images: choose at most 24"):
        list(training.train(start(config, tiny_dataset), tiny_dataset))


@pytest.mark.parametrize("kind", ["d-only", "concat", "projection", "semi-supervised"])
def test_data_without_labels_cannot_be_conditioned(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, kind: str
) -> None:
    bare = dataclasses.replace(tiny_dataset, labels=None, classes=())
    sentence = (
        r"^conditioning needs images in classes, and '.*' has none: put them into one folder a "
        r"class, or set conditioning to none$"
    )
    with pytest.raises(ValueError, match=sentence):
        start(tiny_config(labels={"conditioning": kind}), bare)
    training.check_fits(tiny_config(), bare)
