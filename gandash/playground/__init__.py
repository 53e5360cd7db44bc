"""GANs on a line and in the plane: short runs, recorded whole, that a browser plays."""

from gandash.playground.presets import PRESETS, Preset, stored
from gandash.playground.recording import STEPS, Film, check, opened, record, seconds

__all__ = ["PRESETS", "STEPS", "Film", "Preset", "check", "opened", "record", "seconds", "stored"]
