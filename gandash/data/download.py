"""Files of published data, downloaded once, whole or not at all, and checked by their digest."""

from __future__ import annotations

import hashlib
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gandash.data.wanted import Tell, Wanted

PIECE = 1 << 20
SECONDS = 30.0  # without a byte
AGENT = "gandash"


@dataclass(frozen=True)
class Remote:
    """A file that others publish: where it lies below the folder of data, and its MD5.

    ``megabytes`` says about how large it is.
    """

    url: str
    path: str
    md5: str
    megabytes: int

    def there(self, folder: Path) -> bool:
        """Whether it was downloaded, or put there."""
        return (folder / self.path).is_file()


def fetch(remote: Remote, wanted: Wanted) -> Path:
    """The file below the folder of data, downloaded if it is not there.

    ``ValueError`` says where to put it if it cannot be downloaded, or is not what it should be.
    """
    path = wanted.folder / remote.path
    if path.is_file():
        return path
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            temporary = Path(file.name)
            digest = _download(remote, file.write, wanted.tell)
        if digest != remote.md5:
            raise OSError(f"its MD5 is {digest} in place of {remote.md5}")
        temporary.replace(path)
    except (OSError, ValueError) as error:  # no network, no room, another file
        raise ValueError(
            f"{path.name} is not in {path.parent} and could not be downloaded ({error}): put the "
            f"file of {remote.url} there, or point GANDASH_DATA to a folder that has it"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return path


def _download(remote: Remote, write: Callable[[bytes], object], tell: Tell) -> str:
    """Hand the file on in pieces; its MD5."""
    digest = hashlib.md5(usedforsecurity=False)
    request = urllib.request.Request(remote.url, headers={"User-Agent": AGENT})  # noqa: S310 - ours
    done = 0
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - ours
        while piece := answer.read(PIECE):
            write(piece)
            digest.update(piece)
            done += len(piece)
            name = Path(remote.path).name
            tell(f"Downloading {name}: {done / 1e6:,.0f} of about {remote.megabytes:,} MB")
    return digest.hexdigest()
