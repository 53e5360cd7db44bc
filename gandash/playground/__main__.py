"""``python -m gandash.playground``: record the presets anew, as they ship."""

from __future__ import annotations

import torch

from gandash.playground.presets import PRESETS, RECORDINGS, slug
from gandash.playground.recording import record


def main() -> None:
    """Write a file for each preset, a few seconds each."""
    torch.set_num_threads(1)
    RECORDINGS.mkdir(exist_ok=True)
    for name, preset in PRESETS.items():
        *_, recording = record(preset.config)
        assert isinstance(recording, bytes)
        (RECORDINGS / f"{slug(name)}.safetensors.gz").write_bytes(recording)
        print(f"{name}: {len(recording) / 1e3:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
