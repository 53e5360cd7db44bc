"""What was trained on images that were handed in privately is seen by who did alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from gandash import runs
from gandash.app import generators, told_in_parts
from gandash.app.hosting import permissions, visitors
from gandash.app.hosting.headers import VISITOR
from gandash.data import uploads
from gandash.runs import Run, execution
from tests.app.visiting import visit
from tests.conftest import ConfigFactory
from tests.data.pictures import zipped


@pytest.fixture
def private(
    runs_root: Path,
    pretrained_root: Path,
    image_folder: Path,
    tiny_config: ConfigFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Run]:
    """A finished run of one visitor on images of their own."""
    for name, value in {"PUBLIC": "1", "UPLOADS": "private", "TRAINING": "limited"}.items():
        monkeypatch.setenv(f"GANDASH_{name}", value)
    permissions.limits.cache_clear()
    members = {path.name: path.read_bytes() for path in sorted(image_folder.rglob("*.png"))}
    name = uploads.keep(runs_root, [("squares.zip", zipped(members))])
    place = str(uploads.find(runs_root)[name])
    run = runs.create(runs_root, tiny_config(data={"dataset": place, "size": 16}), "theirs")
    list(execution.execute(run))
    monkeypatch.setattr(visitors, "visitor", lambda: visitors.name_of("owner"))
    visitors.own(run)
    yield run
    permissions.limits.cache_clear()


def as_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "visitor", lambda: visitors.name_of("another"))


def names_on(page: str, key: str) -> list[str]:
    """What a page's choice of checkpoints or runs offers; nothing where it has none."""
    app = visit(page)
    assert not app.exception
    boxes = [box for box in [*app.selectbox, *app.multiselect] if box.key == key]
    return [name for box in boxes for name in box.options]


PAGES = {
    "latent": "latent_checkpoint",
    "compare": "compare_checkpoints",
    "curves": "curves_runs",
    "train": "train_run",
}


@pytest.mark.parametrize(("page", "key"), PAGES.items())
def test_its_run_is_on_the_pages_of_its_owner_alone(
    page: str, key: str, private: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page != "latent":  # whose choice is the browser's
        assert names_on(page, key) == ["theirs"]
    as_another(monkeypatch)
    assert names_on(page, key) == []
    assert "theirs" not in str(visit(page))


def answer(path: str, cookie: str, method: str = "GET") -> tuple[int, str]:
    """Status and body of what the server says to a browser with this cookie."""
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    app = Starlette(routes=[*generators.routes(), *told_in_parts.routes()])
    headers = [(b"cookie", f"{VISITOR}={cookie}".encode())]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": headers,
    }
    asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in said)
    return said[0]["status"], body.decode()


def test_its_networks_are_sent_to_its_owner_alone(private: Run) -> None:
    for place in ("generators", "discriminators"):
        assert answer(f"/{place}/theirs", "owner")[0] == 200
        for cookie in ("another", ""):
            assert answer(f"/{place}/theirs", cookie) == (
                404, "There is no checkpoint 'theirs': choose another one.",
            )  # fmt: skip
    for part in ("classes", "real"):
        assert answer(f"/generators/theirs/{part}", "another")[0] == 404
    for part in ("sample", "nearest", "projection"):
        status, said = answer(f"/generators/theirs/{part}", "another", "POST")
        assert (status, said[:25]) == (404, "There is no checkpoint 't")


def test_a_run_begins_from_it_for_its_owner_alone(
    private: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = private.config()
    few = config.few.model_copy(update={"start_from": "theirs"})
    config = config.model_copy(update={"few": few})
    visitors.check_start(config, ["theirs"])
    as_another(monkeypatch)
    link = {"train.few.start_from": "theirs", "train.steps": "10", "train.batch_size": "8"}
    app = visit("train", **link)
    said = [error.value for error in app.error]
    assert any("“Start from” must name" in it and "'theirs' is none" in it for it in said), said
    assert app.button(key="train_start").disabled


def test_what_is_trained_on_named_data_is_seen_by_all(
    private: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = private.config()
    as_another(monkeypatch)
    assert not visitors.may_see(private.folder, config)
    named = config.model_copy(update={"data": config.data.model_copy(update={"dataset": "mnist"})})
    assert visitors.may_see(private.folder, named)
    (private.folder / "config.json").write_text("{")
    assert visitors.seen() == [], "what cannot be told is not shown"


def test_where_uploads_are_open_all_see_all(private: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANDASH_UPLOADS", "open")
    permissions.limits.cache_clear()
    as_another(monkeypatch)
    assert visitors.may_see(private.folder, private.config())
    assert visitors.seen() == [private]
