"""What a run is: its settings, the rules between them, presets.

And how they are called in words.
"""

from gandash.config.recommendations import advice, setting, usual
from gandash.config.run import Config, parse_config
from gandash.config.sections import (
    MAX_SEED,
    Architecture,
    BalanceConfig,
    CollapseConfig,
    Conditioning,
    DataConfig,
    Device,
    LabelConfig,
    LossConfig,
    NetworkConfig,
    Norm,
    OptimizerConfig,
    Precision,
    RegularizerConfig,
)
from gandash.kinds import IMAGE_SIZES, ImageSize

__all__ = [
    "IMAGE_SIZES",
    "MAX_SEED",
    "Architecture",
    "BalanceConfig",
    "CollapseConfig",
    "Conditioning",
    "Config",
    "DataConfig",
    "Device",
    "ImageSize",
    "LabelConfig",
    "LossConfig",
    "NetworkConfig",
    "Norm",
    "OptimizerConfig",
    "Precision",
    "RegularizerConfig",
    "advice",
    "parse_config",
    "setting",
    "usual",
]
