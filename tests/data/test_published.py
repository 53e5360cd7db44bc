"""Published data from a stand-in of its servers: downloaded once, checked, never unpickled."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from gandash import data
from gandash.config import DataConfig
from gandash.data import published
from gandash.data.download import Remote
from tests.data.pictures import RNG, encoded

Publish = Callable[[Remote, bytes], Remote]
PIXELS = RNG.integers(0, 256, (6, 3, 32, 32), dtype=np.uint8)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        pass


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publish]:
    """Puts a file on a server of this machine; GANDASH_DATA is an empty folder."""
    (tmp_path / "site").mkdir()
    monkeypatch.setenv("GANDASH_DATA", str(tmp_path / "data"))
    handler = partial(Quiet, directory=str(tmp_path / "site"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def put(remote: Remote, content: bytes) -> Remote:
        name = Path(remote.path).name
        (tmp_path / "site" / name).write_bytes(content)
        url = f"http://127.0.0.1:{server.server_port}/{name}"
        return replace(remote, url=url, md5=hashlib.md5(content).hexdigest())

    yield put
    server.shutdown()
    server.server_close()


def tar(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"folder/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def mat(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, arrays)
    return buffer.getvalue()


def rows(*labels: list[int]) -> bytes:
    """CIFAR's binary format: labels and the planes of PIXELS."""
    return b"".join(
        bytes(label) + image.tobytes() for label, image in zip(labels, PIXELS, strict=False)
    )


def test_cifar_100_with_its_fine_classes(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    content = tar(
        {
            "train.bin": rows([9, 1], [9, 0], [8, 1]),
            "test.bin": rows([0, 1]),
            "fine_label_names.txt": b"apple\nbeaver\n",
        }
    )
    monkeypatch.setattr(published, "CIFAR100", publish(published.CIFAR100, content))
    said: list[str] = []
    dataset = data.load(DataConfig(dataset="cifar100"), tell=said.append)
    assert np.array_equal(dataset.images.numpy(), PIXELS[:3])
    assert dataset.labels is not None
    assert (dataset.labels.tolist(), dataset.classes) == ([1, 0, 1], ("apple", "beaver"))
    assert said == ["Downloading cifar-100-binary.tar.gz: 0 of about 169 MB"]
    assert len(data.load(DataConfig(dataset="cifar100"), "test", said.append)) == 1
    assert len(said) == 1, "it is downloaded once"


def test_cifar_10_is_of_five_parts(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {f"data_batch_{i}.bin": rows([i % 2]) for i in range(1, 6)}
    members |= {"test_batch.bin": rows([1], [0]), "batches.meta.txt": b"plane\ncar\n\n"}
    monkeypatch.setattr(published, "CIFAR10", publish(published.CIFAR10, tar(members)))
    dataset = data.load(DataConfig(dataset="cifar10-original"))
    assert dataset.labels is not None
    assert (dataset.labels.tolist(), dataset.classes) == ([1, 0, 1, 0, 1], ("plane", "car"))
    assert len(data.load(DataConfig(dataset="cifar10-original"), "test")) == 2


def test_svhn_s_ten_is_a_zero(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    content = mat(X=PIXELS.transpose(2, 3, 1, 0), y=np.arange(5, 11, dtype=np.uint8)[:, None])
    remotes = {"train": publish(published.SVHN["train"], content)}
    monkeypatch.setattr(published, "SVHN", remotes)
    dataset = data.load(DataConfig(dataset="svhn"))
    assert np.array_equal(dataset.images.numpy(), PIXELS)
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [5, 6, 7, 8, 9, 0]


def test_flowers_are_framed_and_of_the_parts_asked_for(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = [np.full((20, 40, 3), 40 * i, np.uint8) for i in range(1, 6)]
    images = tar({f"image_{i:05d}.jpg": encoded(it, "JPEG") for i, it in enumerate(wide, 1)})
    contents = {
        "images": images,
        "labels": mat(labels=np.array([[1, 102, 1, 7, 7]])),
        "splits": mat(trnid=np.array([[2]]), tstid=np.array([[5, 1]]), valid=np.array([[3, 4]])),
    }
    remotes = {name: publish(published.FLOWERS[name], it) for name, it in contents.items()}
    monkeypatch.setattr(published, "FLOWERS", remotes)
    dataset = data.load(DataConfig(dataset="flowers102", size=16, framing="fit"))
    assert dataset.labels is not None
    assert dataset.classes == ("001", "007", "102")
    assert dataset.images[:, 0, 8, 8].tolist() == [40, 80, 200]
    assert dataset.labels.tolist() == [0, 2, 1]
    assert (dataset.images[:, :, 0] == 255).all(), "padded with the background"
    assert len(data.load(DataConfig(dataset="flowers102"), "test")) == 2


def test_celeba_is_read_from_its_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANDASH_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"^img_align_celeba\.zip is not in .*CelebA comes from"):
        data.load(DataConfig(dataset="celeba"))
    (tmp_path / "celeba").mkdir()
    with zipfile.ZipFile(tmp_path / published.CELEBA, "w") as archive:
        for i in range(4):
            face = np.full((218, 178, 3), 60 * i, np.uint8)
            archive.writestr(f"img_align_celeba/{i:06d}.jpg", encoded(face, "JPEG"))
    parts = "\n".join(f"{i:06d}.jpg {part}" for i, part in enumerate("0120"))
    (tmp_path / published.CELEBA_PARTS).write_text(parts)
    dataset = data.load(DataConfig(dataset="celeba", size=16))
    assert dataset.images[:, 0, 0, 0].tolist() == [0, 180]
    assert dataset.labels is None


def test_another_file_than_the_published_one_is_refused_and_not_kept(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    remote = replace(publish(published.CIFAR100, b"something else"), md5="0" * 32)
    monkeypatch.setattr(published, "CIFAR100", remote)
    with pytest.raises(
        ValueError, match=r"could not be downloaded \(its MD5 is .* put the file of"
    ):
        data.load(DataConfig(dataset="cifar100"))
    assert not list((tmp_path / "data").iterdir())


def test_without_a_network_it_says_where_to_put_the_file(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = replace(published.CIFAR100, url="http://127.0.0.1:1/nothing.tar.gz")
    monkeypatch.setattr(published, "CIFAR100", gone)
    sentence = rf"is not in {tmp_path / 'data'} and could not be downloaded .*GANDASH_DATA"
    with pytest.raises(ValueError, match=sentence):
        data.load(DataConfig(dataset="cifar100"))


@pytest.mark.parametrize(
    "content",
    [b"no tar", tar({"train.bin": b""}), tar({"train.bin": b"abc", "fine_label_names.txt": b""})],
    ids=["no tar", "a file is missing", "a file is cut off"],
)
def test_a_damaged_archive_is_refused(
    content: bytes, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "CIFAR100", publish(published.CIFAR100, content))
    with pytest.raises(
        ValueError, match=r"^cifar-100-binary\.tar\.gz (is damaged|has no|is not whole)"
    ):
        data.load(DataConfig(dataset="cifar100"))


def test_a_damaged_table_of_matlab_s_is_refused(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    remotes = {"train": publish(published.SVHN["train"], b"no table")}
    monkeypatch.setattr(published, "SVHN", remotes)
    with pytest.raises(ValueError, match=r"^train_32x32\.mat is damaged"):
        data.load(DataConfig(dataset="svhn"))
