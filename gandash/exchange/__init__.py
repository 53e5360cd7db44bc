"""Generators of other programs in, and gandash's own out, as PyTorch state dicts."""

from gandash.exchange.bringing import bring_in
from gandash.exchange.state_dicts import to_example

__all__ = ["bring_in", "to_example"]
