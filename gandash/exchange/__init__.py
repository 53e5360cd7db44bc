"""Generators of other programs in, and gandash's own out."""

from gandash.exchange.bringing import (
    Candidate,
    Proposal,
    bring_in,
    keep,
    propose,
    propose_from,
    sheet,
)
from gandash.exchange.state_dicts import to_example

__all__ = [
    "Candidate",
    "Proposal",
    "bring_in",
    "keep",
    "propose",
    "propose_from",
    "sheet",
    "to_example",
]
