"""A pool of earlier generated images, so that D does not forget them (Shrivastava et al. 2017,
arXiv:1612.07828, section 2.3; Zhu et al. 2017, arXiv:1703.10593, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Pool:
    """At most ``size`` images (M, C, S, S) that were made before."""

    size: int
    images: Tensor

    @classmethod
    def empty(cls, size: int, shape: tuple[int, ...], device: torch.device) -> Pool:
        """A pool without images of ``shape`` (C, S, S) yet."""
        return cls(size, torch.empty(0, *shape, device=device))

    def exchange(self, made: Tensor, drawn: Tensor) -> Tensor:
        """What D learns from in place of the images ``made`` (N, C, S, S).

        While there is room, each as it is, and it is kept; then by chance each as it is, or one of
        the pool, whose place it takes. ``drawn`` (2 N,) are numbers in [0, 1) on the CPU.
        """
        if not self.size:
            return made
        shown: list[Tensor] = []
        for image, chance, place in zip(made.detach(), *drawn.view(2, -1).tolist(), strict=True):
            if len(self.images) < self.size:
                self.images = torch.cat([self.images, image[None].float()])
                shown.append(image)
            elif chance < 0.5:
                shown.append(image)
            else:
                number = int(place * self.size)
                shown.append(self.images[number].clone().to(image.dtype))
                self.images[number] = image
        return torch.stack(shown)
