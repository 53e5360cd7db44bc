"""gandash: explore, train and understand GANs.

>>> import gandash
>>> gandash.sample("mnist-dcgan", count=4).shape
(4, 32, 32)

``load``, ``sample``, ``walk``, ``translate``, ``train`` and ``evaluate`` are what a notebook needs,
``Config`` is what a run is. They are loaded when they are first used, so that ``import gandash``
costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gandash.config import Config
    from gandash.notebook import evaluate, load, sample, train, translate, walk

__version__ = "0.2.0.dev0"  # the one source: pyproject.toml reads it here
__all__ = ["Config", "__version__", "evaluate", "load", "sample", "train", "translate", "walk"]

_HOMES = {
    "Config": "gandash.config",
    "evaluate": "gandash.notebook",
    "load": "gandash.notebook",
    "sample": "gandash.notebook",
    "train": "gandash.notebook",
    "translate": "gandash.notebook",
    "walk": "gandash.notebook",
}


if not TYPE_CHECKING:  # type checkers know the names above, and no others

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'gandash' has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
