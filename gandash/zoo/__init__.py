"""The shipped checkpoints: what they are and how they are made anew."""

from gandash.zoo.entries import ZOO, Entry

__all__ = [
    "ZOO",
    "Entry",
]
