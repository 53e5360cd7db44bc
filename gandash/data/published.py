"""Published data that is downloaded when it is first asked for, read without unpickling anything.

CIFAR's binary versions and the archives themselves are read; nothing is unpacked to disk.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gandash.data.archives import in_zip
from gandash.data.download import Remote, fetch
from gandash.data.files import File
from gandash.data.stacking import stack
from gandash.data.wanted import Loaded, Wanted

TORONTO = "https://www.cs.toronto.edu/~kriz"
STANFORD = "http://ufldl.stanford.edu/housenumbers"
OXFORD = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102"
CIFAR10 = Remote(
    f"{TORONTO}/cifar-10-binary.tar.gz", "cifar-10-binary.tar.gz",
    "c32a1d4ab5d03f1284b67883e8d87530", 170,
)  # fmt: skip
CIFAR100 = Remote(
    f"{TORONTO}/cifar-100-binary.tar.gz", "cifar-100-binary.tar.gz",
    "03b5dce01913d631647c71ecec9e9cb8", 169,
)  # fmt: skip
SVHN = {
    "train": Remote(f"{STANFORD}/train_32x32.mat", "svhn/train_32x32.mat",
                    "e26dedcc434d2e4c54c9b2d4a06d8373", 182),
    "test": Remote(f"{STANFORD}/test_32x32.mat", "svhn/test_32x32.mat",
                   "eb5a983be6a315427106f1b164d9cef3", 64),
}  # fmt: skip
FLOWERS = {
    "images": Remote(f"{OXFORD}/102flowers.tgz", "flowers-102/102flowers.tgz",
                     "52808999861908f626f3c1f4e79d11fa", 345),
    "labels": Remote(f"{OXFORD}/imagelabels.mat", "flowers-102/imagelabels.mat",
                     "e0620be6f572b9609742df49c70aed4d", 1),
    "splits": Remote(f"{OXFORD}/setid.mat", "flowers-102/setid.mat",
                     "a5357ecc9cb78c4bef273ce3793fc85c", 1),
}  # fmt: skip
FLOWERS_SPLITS = {"train": ("trnid", "tstid"), "test": ("valid",)}
"""Two thousand would be few: the authors' training and test flowers, their validation held out."""
CELEBA = "celeba/img_align_celeba.zip"
CELEBA_PARTS = "celeba/list_eval_partition.txt"
CELEBA_SPLIT = {"train": "0", "test": "2"}
CELEBA_SITE = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
SIDE, PIXELS = 32, 3 * 32 * 32
Bytes = npt.NDArray[np.uint8]


def cifar10(wanted: Wanted) -> Loaded:
    """The originals, as bytes: a label and the planes of an image each."""
    names = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}
    files = _of_tar(fetch(CIFAR10, wanted), {*names[wanted.split], "batches.meta.txt"})
    rows = _rows(b"".join(files[name] for name in names[wanted.split]), 1, CIFAR10)
    return _images(rows, 1), _labels(rows[:, 0]), _lines(files["batches.meta.txt"])


def cifar100(wanted: Wanted) -> Loaded:
    """With the hundred fine classes."""
    files = _of_tar(fetch(CIFAR100, wanted), {f"{wanted.split}.bin", "fine_label_names.txt"})
    rows = _rows(files[f"{wanted.split}.bin"], 2, CIFAR100)
    return _images(rows, 2), _labels(rows[:, 1]), _lines(files["fine_label_names.txt"])


def svhn(wanted: Wanted) -> Loaded:
    """House numbers, cropped to a digit each; the class 10 of the files is the digit 0."""
    found = _of_mat(fetch(SVHN[wanted.split], wanted), "X", "y")
    images = torch.from_numpy(np.ascontiguousarray(found["X"].transpose(3, 2, 0, 1)))
    return images, _labels(found["y"].reshape(-1) % 10), tuple("0123456789")


def flowers(wanted: Wanted) -> Loaded:
    """Photographs of 102 kinds of flower, each as a square."""
    numbers = _of_mat(fetch(FLOWERS["labels"], wanted), "labels")["labels"].reshape(-1)
    parts = _of_mat(fetch(FLOWERS["splits"], wanted), *FLOWERS_SPLITS[wanted.split])
    labels = {
        f"image_{number:05d}.jpg": f"{numbers[number - 1]:03d}"
        for part in parts.values()
        for number in part.reshape(-1).tolist()
    }
    contents = _of_tar(fetch(FLOWERS["images"], wanted), set(labels))
    files = [
        File(name, len(contents[name]), _giver(contents[name]), label)
        for name, label in sorted(labels.items())
    ]
    stacked = stack(files, wanted.frame, "RGB")
    return stacked.images, stacked.labels, stacked.classes


def celeba(wanted: Wanted) -> Loaded:
    """Aligned photographs of faces, each as a square, without classes."""
    for path in (CELEBA, CELEBA_PARTS):
        if not (wanted.folder / path).is_file():
            raise ValueError(
                f"{Path(path).name} is not in {(wanted.folder / path).parent}: CelebA comes from "
                f"{CELEBA_SITE} by a drive that asks before it gives; put the file there, or point "
                "GANDASH_DATA to a folder that has it"
            )
    wanted.tell("Reading CelebA")
    lines = (wanted.folder / CELEBA_PARTS).read_text().splitlines()
    names = {line.split()[0] for line in lines if line.endswith(f" {CELEBA_SPLIT[wanted.split]}")}
    with in_zip(wanted.folder / CELEBA, Path(CELEBA).name) as listing:
        files = [file for file in listing.files if PurePosixPath(file.name).name in names]
        return stack(files, wanted.frame, "RGB").images, None, ()


def _rows(content: bytes, labels: int, remote: Remote) -> Bytes:
    """(N, labels + 3072): CIFAR's binary format."""
    length = labels + PIXELS
    if not content or len(content) % length:
        raise ValueError(f"{remote.path} is not whole: fetch it anew")
    return np.frombuffer(content, np.uint8).reshape(-1, length)


def _images(rows: Bytes, labels: int) -> Tensor:
    return torch.from_numpy(rows[:, labels:].reshape(-1, 3, SIDE, SIDE).copy())


def _labels(values: npt.NDArray[np.integer]) -> Tensor:
    return torch.from_numpy(values.astype(np.int64))


def _lines(content: bytes) -> tuple[str, ...]:
    return tuple(content.decode().split())


def _of_tar(path: Path, wanted: set[str]) -> dict[str, bytes]:
    """The files of these names in a tar, read from front to back; ``ValueError`` if one is not."""
    try:
        with tarfile.open(path, "r|gz") as archive:
            found = dict(_members(archive, wanted))
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(f"{path.name} is damaged: remove it, and it is fetched anew") from error
    if missing := wanted - set(found):
        raise ValueError(f"{path.name} has no {min(missing)}: remove it, and it is fetched anew")
    return found


def _members(archive: tarfile.TarFile, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        name = PurePosixPath(member.name).name
        if name in wanted and (content := archive.extractfile(member)) is not None:
            yield name, content.read()


def _of_mat(path: Path, *names: str) -> dict[str, npt.NDArray[np.integer]]:
    """Arrays of a file of MATLAB's."""
    from scipy.io import loadmat  # noqa: PLC0415 - slow to import

    try:
        found = loadmat(path, variable_names=names)
        return {name: found[name] for name in names}
    except Exception as error:  # whatever such bytes lead to
        raise ValueError(f"{path.name} is damaged: remove it, and it is fetched anew") from error


def _giver(content: bytes) -> Callable[[], bytes]:
    return lambda: content
