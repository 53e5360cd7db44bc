"""What samples are measured with: a network that turns images into features and class scores."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from gandash.checkpoints.scores import Evaluation, Figures, InceptionFigures

Read = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Extractor:
    """A network as all measuring sees it.

    ``name`` is how a protocol names its features, ``digest`` that of its weights. ``read`` turns
    uint8 images (N, C, H, W) into features (N, d) and class scores (N, K). ``gives`` is what
    figures on them are: :class:`Evaluation` where its classes are those of the data, so that they
    say which of them samples show.
    """

    name: str
    digest: str
    read: Read = field(compare=False, repr=False)
    gives: type[Figures] = InceptionFigures

    @property
    def of_data(self) -> bool:
        """Whether its classes are those of the data."""
        return self.gives is Evaluation


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """A digest of weights by name, whatever file they came from."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
