"""GANs on a line and in the plane: short runs, recorded whole, that a browser plays."""

from gandash.playground.presets import PRESETS, Preset, stored
from gandash.playground.recording import STEPS, check, opened, record

__all__ = ["PRESETS", "STEPS", "Preset", "check", "opened", "record", "stored"]
