"""gandash: explore, train and understand GANs."""

__all__ = ["__version__"]
__version__ = "0.1.0"
