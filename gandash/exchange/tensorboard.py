"""A run's curves and samples as TensorBoard's events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from gandash.exchange.extras import needed

if TYPE_CHECKING:
    import pandas as pd

SAMPLES = "samples"


def write_events(
    metrics: pd.DataFrame, snapshots: Mapping[int, Path], created: datetime, folder: Path
) -> int:
    """Write each column of ``metrics`` as a scalar of its name by step, and sample grids as images;
    returns how many scalars that were.

    By torch's own writer. The time of an event is the run's beginning and the seconds trained.
    """
    needed("tensorboard", "tensorboard", "TensorBoard's events")
    SummaryWriter = needed("torch.utils.tensorboard", "tensorboard", "These").SummaryWriter
    beginning = created.timestamp()
    times: dict[int, float] = {}
    count = 0
    with SummaryWriter(str(folder)) as writer:
        for row in metrics.to_dict("records"):
            step = int(row.pop("step"))
            times[step] = beginning + float(row.get("seconds", 0.0))
            for name, value in row.items():
                if np.isfinite(value):
                    writer.add_scalar(str(name), float(value), step, times[step])
                    count += 1
        for step, path in snapshots.items():
            with Image.open(path, formats=["WEBP"]) as image:
                pixels = np.asarray(image.convert("RGB"))
            writer.add_image(SAMPLES, pixels, step, times.get(step, beginning), dataformats="HWC")
    return count
