"""What others wrote is shown as text, and what is broken is one sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gandash import runs
from gandash.app.parts.quoted import in_html, in_markdown
from gandash.checkpoints import CARD, load_card
from gandash.config import Config
from gandash.runs import execution
from gandash.runs.folder import CONFIG, STATE, STATUS
from tests.app.test_pages import PAGES, assert_fine, visit
from tests.conftest import measured

MARKUP = (
    "</p><form action=https://e.example><input></form><style>*{color:red}</style>"
    "<img src=x onerror=alert(1)> [link](https://e.example) ![p](https://e.example/p.png) "
    "$x^2$ :red[red] :material/home: :smile: www.e.example a@e.example **bold** _it_ `code` ~~s~~ "
    "<https://e.example>"
)
SHORT = MARKUP[:200].strip()
ADDRESS = re.compile(r"0x[0-9a-f]{6,}|object at 0x|<_io|Traceback|\\bNone\\b|[{}]")


def elements(app: AppTest) -> Iterator[Any]:
    waiting: list[Any] = list(app._tree.children.values())  # dialogs lie beside main
    while waiting:
        node = waiting.pop()
        waiting += list(getattr(node, "children", {}).values())
        if hasattr(node, "proto"):
            yield node


def texts(app: AppTest) -> Iterator[tuple[str, str]]:
    """Every text of a page with the kind of its element; labels, helps and notices too."""
    for element in elements(app):
        proto = element.proto
        for name in ("body", "label", "help", "text"):
            text = getattr(proto, name, "")
            if isinstance(text, str) and text:
                yield element.type, text


def sentences(app: AppTest) -> list[str]:
    """What the page says of things that are broken."""
    return [it.value for it in (*app.error, *app.warning)]


def change(folder: Path, **changes: object) -> None:
    """Write other values into a card, past all checks."""
    content = json.loads((folder / CARD).read_text())
    for name, value in changes.items():
        content[name] = {**(content[name] or {}), **value} if isinstance(value, dict) else value
    (folder / CARD).write_text(json.dumps(content))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_card_says_is_text(page: str, arms: Path) -> None:
    evaluation = json.loads(measured(3.0).model_dump_json())
    evaluation["protocol"]["features"] = MARKUP
    change(
        arms / "plain", title=MARKUP, device=MARKUP, note=MARKUP, arithmetic=MARKUP,
        versions={SHORT: SHORT}, evaluation=evaluation,
        data={"title": MARKUP, "licence": MARKUP, "name": MARKUP},
    )  # fmt: skip
    load_card(arms / "plain")
    app = visit(page, **({"gallery_open": "plain"} if page == "gallery" else {}))
    assert_fine(app, page)
    seen = 0
    for kind, text in texts(app):
        safe = text
        for quoted in (in_markdown(MARKUP), in_html(MARKUP), in_markdown(f"{SHORT} {SHORT}")):
            safe = safe.replace(quoted, "")
        seen += safe != text
        assert "e.example" not in safe, kind
        if kind == "html":
            assert "<form" not in safe
    if page == "gallery":
        assert seen >= 6


def test_markdown_is_taken_out_of_a_line() -> None:
    safe = in_markdown(MARKUP + "\n\n# title\n- item\u202e")
    assert "\n" not in safe
    assert "\u202e" not in safe
    for active in ("<", "[", "]", "$", "`", "*", "~"):
        assert not re.search(rf"(?<!\\){re.escape(active)}", safe), active
    for active in ("http://", "https://", "www.", ":red", ":material", ":smile", "a@e"):
        assert active not in safe
    assert in_markdown("batch_size must be 2, not 3: choose 1.5 images/s") == (
        "batch_size must be 2, not 3: choose 1.5 images/s"
    )
    for start in ("# a", "> a", "- a", "+ a", "1. a", "12) a"):
        assert in_markdown(start).replace("\\", "") == start
        assert in_markdown(start) != start


# What is broken: one sentence for it, and all else is shown


def no_card(folder: Path) -> None:
    (folder / CARD).write_text("{")


def one_image(folder: Path) -> None:
    change(folder, data={"images": 1})


def for_ever(folder: Path) -> None:
    (folder / CARD).write_text(
        re.sub(r'"seconds": [^,]*', '"seconds": Infinity', (folder / CARD).read_text())
    )


def a_nameless_time(folder: Path) -> None:
    change(folder, created="0001-01-01T00:00:00+14:00")


def a_card_that_is_a_folder(folder: Path) -> None:
    (folder / CARD).unlink()
    (folder / CARD).mkdir()


CARDS = (no_card, one_image, for_ever, a_nameless_time, a_card_that_is_a_folder)


@pytest.mark.parametrize("damage", CARDS)
@pytest.mark.parametrize("page", [page for page in PAGES if page != "train"])
def test_a_broken_card_is_one_sentence(
    page: str, damage: Callable[[Path], None], arms: Path
) -> None:
    damage(arms / "plain")
    app = visit(page)
    assert_fine(app, page)
    (said,) = sentences(app)
    check(said, arms)
    assert "plain" in said
    rest = any("two-sided" in str(element.proto) for element in elements(app))
    assert rest or page == "translate", "which has none to show here"


def test_a_broken_classifier_breaks_no_page(arms: Path) -> None:
    data = json.loads((arms / "plain" / CARD).read_text())["config"]["data"] | {"dataset": "mnist"}
    evaluation = json.loads(measured(3.0).model_dump_json())
    change(arms / "plain", config={"data": data}, data={"name": "mnist"}, evaluation=evaluation)
    (arms / "classifiers").mkdir()
    (arms / "classifiers" / "mnist.safetensors").write_bytes(b"no classifier")
    app = visit("gallery")
    assert_fine(app, "gallery")
    assert not sentences(app)


def words(folder: Path) -> None:
    text = (folder / runs.METRICS).read_text()
    (folder / runs.METRICS).write_text(text.replace("\n4,", "\n4,many<b>", 1))


def missing_column(folder: Path) -> None:
    text = (folder / runs.METRICS).read_text()
    (folder / runs.METRICS).write_text(text.replace("d_fake_after", "other", 1))


def too_large(folder: Path) -> None:
    lines = (folder / runs.METRICS).read_text().splitlines()
    cells = lines[2].split(",")
    cells[5] = "1e308"
    (folder / runs.METRICS).write_text("\n".join([*lines[:2], ",".join(cells), *lines[3:]]) + "\n")


def longer_row(folder: Path) -> None:
    with (folder / runs.METRICS).open("a") as file:
        file.write("1," * 99 + "\n")


METRICS_DAMAGES = (words, missing_column, too_large, longer_row)


@pytest.mark.parametrize("damage", METRICS_DAMAGES)
@pytest.mark.parametrize(
    ("page", "query"),
    [("curves", "curves_runs"), ("smoothing", "smoothing_arms")],
)
def test_broken_metrics_are_one_sentence(
    page: str, query: str, damage: Callable[[Path], None], arms: Path
) -> None:
    damage(arms / "plain")
    app = visit(page, **{query: ["plain", "two-sided"]})  # type: ignore[arg-type]
    assert_fine(app, page)
    (said,) = sentences(app)
    check(said, arms)
    assert said.startswith("The metrics of 'plain' are damaged (")
    assert len(app.get("plotly_chart")) >= 2, "the other is drawn"


@pytest.mark.parametrize("content", [b"", b"RIFF", bytes(range(256)), None], ids=repr)
@pytest.mark.parametrize(
    ("page", "query"),
    [("curves", "curves_runs"), ("smoothing", "smoothing_arms"), ("train", "train_run")],
)
def test_a_broken_sample_grid_is_one_sentence(
    page: str, query: str, content: bytes | None, arms: Path, runs_root: Path
) -> None:
    runs_root.rmdir()
    runs_root.symlink_to(arms)
    (arms / "plain" / "snapshots" / "²³.webp").write_bytes(b"")
    path = list(runs.read_snapshots(arms / "plain").values())[1]
    path.write_bytes(path.read_bytes()[:-9] if content is None else content)
    app = visit(page, **{query: "plain"})
    assert_fine(app, page)
    (said,) = sentences(app)
    check(said, arms)
    assert path.name in said
    assert any(element.type == "bidi_component" for element in elements(app)), "the others are"


@pytest.mark.parametrize("file", [CONFIG, STATUS])
@pytest.mark.parametrize("content", ["", "{", "[]", '{"phase": "<b>"}', "null", "9" * 5000])
def test_a_broken_run_is_one_sentence(
    file: str, content: str, runs_root: Path, pretrained_root: Path,
    tiny_config: Callable[..., Config],
) -> None:  # fmt: skip
    """Its state is intact, so nobody is told to remove its folder."""
    for name in ("broken", "whole"):
        list(execution.execute(runs.create(runs_root, tiny_config(), name)))
    (runs_root / "broken" / file).write_text(content)
    assert (runs_root / "broken" / STATE).is_file()
    app = visit("train", train_run="broken" if file == CONFIG else "whole")
    assert_fine(app, "train")
    (said,) = sentences(app)
    check(said, runs_root)
    assert "broken" in said
    assert "remove the" not in said
    assert "or remove" not in said
    assert "whole" in app.selectbox(key="train_run").options


def check(said: str, root: Path) -> None:
    """A sentence: short, of one line, without objects, code, or folders of the server."""
    assert "\n" not in said
    assert 20 < len(said) < 700
    assert not ADDRESS.search(said), said
    assert str(root.parent) not in said
    assert "/tmp" not in said
