"""Datasets as one uint8 tensor: a name, a zip or a folder in, images and labels out."""

from gandash.data.dataset import Dataset, check_held_out, load
from gandash.data.named import SOURCES, Augment, Source, data_folder, source_of
from gandash.data.pixels import fit
from gandash.pictures.pixels import to_uint8, to_unit

__all__ = [
    "SOURCES",
    "Augment",
    "Dataset",
    "Source",
    "check_held_out",
    "data_folder",
    "fit",
    "load",
    "source_of",
    "to_uint8",
    "to_unit",
]
