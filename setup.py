"""What an installed package has and a checkout keeps beside it: it is copied into the wheel."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("streamlit_app.py", ".streamlit", "pretrained")


class BuildWithShipped(build_py):
    """Adds ``gandash/shipped``: the entry of the app, its settings, the checkpoints."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:  # works from the checkout
            return
        target = Path(self.build_lib) / "gandash" / "shipped"
        target.mkdir(parents=True, exist_ok=True)
        for name in SHIPPED:
            if Path(name).is_dir():
                shutil.copytree(name, target / name, dirs_exist_ok=True)
            else:
                shutil.copy2(name, target / name)


setup(cmdclass={"build_py": BuildWithShipped})
