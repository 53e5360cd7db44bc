"""GANs on a line and in the plane: short runs, recorded whole, that a browser plays."""

from gandash.playground.presets import PRESETS, Preset, stored
from gandash.playground.recording import STEPS, check, record

__all__ = ["PRESETS", "STEPS", "Preset", "check", "record", "stored"]
