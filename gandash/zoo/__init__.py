"""The shipped checkpoints: what they are and how they are made anew."""

from gandash.zoo.rebuild import ZOO, Entry

__all__ = [
    "ZOO",
    "Entry",
]
