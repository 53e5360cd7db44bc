"""Checkpoints from the Hub and to it, against a stand-in of its HTTP API on this machine."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from gandash import checkpoints
from gandash.checkpoints.weights import load_generator
from gandash.cli.main import main
from gandash.exchange import hub
from gandash.storage.paths import PROJECT
from tests.exchange.found import Example, lived

installed = pytest.mark.skipif(
    find_spec("huggingface_hub") is None, reason="not installed: huggingface_hub"
)
SHIPPED = PROJECT / "pretrained"
COMMIT = "c" * 40


class StandIn(BaseHTTPRequestHandler):
    """As much of the Hub's API as reading and writing small files asks for."""

    files: dict[str, dict[str, bytes]]  # by repository
    licences: dict[str, str]
    private: dict[str, bool]

    def log_message(self, *_: Any) -> None:
        """Nothing is said."""

    def _answer(self, content: bytes | dict[str, Any], status: int = 200, **more: str) -> None:
        body = json.dumps(content).encode() if isinstance(content, dict) else content
        self.send_response(status)
        kind = "application/json" if isinstance(content, dict) else "application/octet-stream"
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), **more}
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _missing(self) -> None:
        self._answer({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        if path.startswith("api/models/"):
            repo = "/".join(path.split("/")[2:4])
            if repo not in self.files:
                self._missing()
                return
            siblings = [
                {"rfilename": name, "size": len(content)}
                for name, content in self.files[repo].items()
            ]
            about: dict[str, Any] = {"id": repo, "sha": COMMIT, "siblings": siblings, "tags": []}
            about["cardData"] = {"license": self.licences.get(repo)}
            self._answer(about)
            return
        owner, name, _, _, *file = path.split("/")
        content = self.files.get(f"{owner}/{name}", {}).get("/".join(file))
        if content is None:
            self._answer({"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound")
            return
        digest = hashlib.sha256(content).hexdigest()
        self._answer(content, ETag=f'"{digest}"', X_Repo_Commit=COMMIT)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0].strip("/")
        if path == "api/repos/create":
            asked = json.loads(body)
            repo = f"{asked['organization']}/{asked['name']}"
            self.files.setdefault(repo, {})
            hidden = asked.get("private") or asked.get("visibility") == "private"
            self.private[repo] = bool(hidden)  # older and newer packages
            self._answer({"url": f"http://{self.headers['Host']}/{repo}", "name": repo})
        elif path == "api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif "/preupload/" in path:
            wanted = json.loads(body)["files"]
            modes = [
                {"path": it["path"], "uploadMode": "regular", "shouldIgnore": False}
                for it in wanted
            ]
            self._answer({"files": modes})
        elif "/commit/" in path:
            repo = "/".join(path.split("/")[2:4])
            for line in body.splitlines():
                item = json.loads(line)
                if item["key"] == "file":
                    content = base64.b64decode(item["value"]["content"])
                    self.files[repo][item["value"]["path"]] = content
            address = f"http://{self.headers['Host']}/{repo}/commit/{COMMIT}"
            self._answer({"success": True, "commitOid": COMMIT, "commitUrl": address})
        else:
            self._answer({"error": path}, 400)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[StandIn]]:
    """A stand-in of its own for each test, where the package looks for the Hub."""
    kind = type("Own", (StandIn,), {"files": {}, "licences": {}, "private": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    yield kind
    server.shutdown()
    server.server_close()
    thread.join()


def weights() -> bytes:
    held = io.BytesIO()
    torch.save(lived(Example(size=16)).state_dict(), held)
    return held.getvalue()


@installed
def test_weights_of_others_from_the_hub(
    stand_in: type[StandIn], runs_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in.files["somebody/faces"] = {
        "README.md": b"#", "netG.pth": weights(), "netD.pth": b"x",
    }  # fmt: skip
    stand_in.licences["somebody/faces"] = "mit"
    assert main(["import", "somebody/faces", "--name", "faces"]) == 0
    (found,), _ = checkpoints.find(runs_root)
    assert found.card.imported is not None
    assert found.card.imported.file == "somebody/faces/netG.pth"
    assert found.card.data.licence == "mit"
    assert main(["import", "somebody/faces/netD.pth", "--name", "other"]) == 2
    assert "cannot be read as weights" in capsys.readouterr().err


@installed
def test_out_and_in_again(
    stand_in: type[StandIn], runs_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "mnist-dcgan", "--to", "me/digits", "--as", "hub"]) == 0
    assert "for you alone" in capsys.readouterr().out
    assert stand_in.private == {"me/digits": True}
    written = stand_in.files["me/digits"]
    assert {"generator.safetensors", "card.json", "README.md"} <= written.keys()
    assert written["README.md"].startswith(b"---\nlibrary_name: gandash")
    assert main(["import", "me/digits", "--name", "back"]) == 0
    (found,), broken = checkpoints.find(runs_root)
    assert not broken
    shipped = checkpoints.Checkpoint(
        SHIPPED / "mnist-dcgan", checkpoints.load_card(SHIPPED / "mnist-dcgan")
    )
    assert found.card.model_copy(update={"name": "mnist-dcgan"}) == shipped.card
    G = load_generator(found)
    z = torch.randn(2, G.latent_dim)
    assert torch.equal(G(z), load_generator(shipped)(z))
    assert main(["export", "mnist-dcgan", "--to", "me/open", "--as", "hub", "--public"]) == 0
    assert stand_in.private["me/open"] is False


@installed
def test_what_the_hub_does_not_have_is_one_sentence(
    stand_in: type[StandIn], runs_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in.files["a/empty"] = {"README.md": b"#"}
    stand_in.files["a/two"] = {"one.pth": b"", "other.pth": b""}
    stand_in.files["a/broken"] = {"card.json": b"{}", "generator.safetensors": b"x"}
    for name, reason in (
        ("nobody/nothing", "The Hub does not give"),
        ("a/empty", "A repository with weights is needed"),
        ("a/two", "say a/two/one.pth or a/two/other.pth"),
        ("a/two/three.pth", "There is no file 'three.pth'"),
        ("a/broken", "Field required"),
    ):
        assert main(["import", name, "--name", "x"]) == 2
        said = capsys.readouterr().err
        assert reason.lower() in said.lower() or name == "a/broken", said
        assert "Traceback" not in said
        assert said.count("\n") == 1
    assert not runs_root.exists() or not list(runs_root.iterdir())


@installed
def test_a_hub_that_is_not_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert main(["import", "a/b", "--name", "x"]) == 2
    assert "check the name, the network and your token" in capsys.readouterr().err


def test_without_the_package_it_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], runs_root: Path
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert main(["import", "a/b", "--name", "x"]) == 2
    assert "pip install 'gandash[hub]'" in capsys.readouterr().err


def test_names() -> None:
    assert hub.is_name("owner/repo")
    assert hub.is_name("owner/repo/deep/netG.pth")
    for text in ("netG.pth", "/etc/passwd", "../x/y", "a/b/../c", "a b/c"):
        assert not hub.is_name(text)
