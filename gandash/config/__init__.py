"""What a run is: its settings, what is known of each, the rules between them, presets."""

from gandash.config.architectures import (
    ARCHITECTURES,
    Architecture,
)
from gandash.config.recommendations import advice, usual
from gandash.config.run import STORED, Config, parse_config
from gandash.config.sections import (
    MAX_SEED,
    AutoencoderConfig,
    Background,
    BalanceConfig,
    CollapseConfig,
    Conditioning,
    DataConfig,
    Device,
    FewImagesConfig,
    Framing,
    LabelConfig,
    LossConfig,
    NetworkConfig,
    Norm,
    OptimizerConfig,
    Precision,
    RegularizerConfig,
    ScheduleConfig,
    TranslationConfig,
)
from gandash.config.settings import value_of
from gandash.kinds import IMAGE_SIZES, ImageSize

__all__ = [
    "ARCHITECTURES",
    "IMAGE_SIZES",
    "MAX_SEED",
    "STORED",
    "Architecture",
    "AutoencoderConfig",
    "Background",
    "BalanceConfig",
    "CollapseConfig",
    "Conditioning",
    "Config",
    "DataConfig",
    "Device",
    "FewImagesConfig",
    "Framing",
    "ImageSize",
    "LabelConfig",
    "LossConfig",
    "NetworkConfig",
    "Norm",
    "OptimizerConfig",
    "Precision",
    "RegularizerConfig",
    "ScheduleConfig",
    "TranslationConfig",
    "advice",
    "parse_config",
    "usual",
    "value_of",
]
