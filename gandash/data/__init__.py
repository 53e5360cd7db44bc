"""Datasets as one uint8 tensor: a name, a zip or a folder in, images and labels out."""

from gandash.data.dataset import (
    SOURCES,
    Augment,
    Dataset,
    Source,
    check_held_out,
    data_folder,
    fit,
    load,
    to_uint8,
    to_unit,
)

__all__ = [
    "SOURCES",
    "Augment",
    "Dataset",
    "Source",
    "check_held_out",
    "data_folder",
    "fit",
    "load",
    "to_uint8",
    "to_unit",
]
