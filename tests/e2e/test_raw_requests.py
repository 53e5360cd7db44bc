"""What no browser would send: the server goes on, says nothing of itself, and keeps nothing."""

from __future__ import annotations

import http.client
import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from gandash import runs
from gandash.runs import execution
from tests.app.hosting.test_strangers import NASTY
from tests.conftest import ConfigFactory
from tests.e2e.conftest import serve
from tests.e2e.raw_visitor import RawVisitor, widget_ids

pytestmark = pytest.mark.browser
PAGES = ("", "latent", "compare", "curves", "smoothing", "playground", "learn", "train")
ROUTES = (
    "/", "/assets/", "/assets/../../etc/passwd", "/assets/%2e%2e%2f%2e%2e%2fetc/passwd",
    "/generators/", "/generators/..%2f..", "/generators/plain%00.safetensors", "//etc/passwd",
    "/_stcore/upload_file/a/b", "/_stcore/upload_file/../../x", "/component/../x", "/media/../x",
    "/health?x=%00", "/robots.txt/..", "/app/static/../../x", "/%ff%fe", "/?train_epochs=%00",
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
HEADERS = (
    {}, {"Cookie": "gandash_visitor=" + "x" * 4000}, {"Cookie": "=;;;\x01"}, {"Host": "[::"},
    {"X-Forwarded-Proto": "https\t<b>"}, {"Accept": "text/html" * 500}, {"Range": "bytes=9-1,-"},
    {"Content-Type": "multipart/form-data; boundary="}, {"X-Xsrftoken": "2|a|b|c"},
    {"Accept-Encoding": "gzip;q=x"}, {"If-None-Match": '"' * 100}, {"Origin": "null"},
)  # fmt: skip
GROWN_MB = 150


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_config: ConfigFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    list(execution.execute(runs.create(folder / "pretrained", tiny_config(), "plain")))
    list(execution.execute(runs.create(folder / "runs", tiny_config(), "of-another")))
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[tuple[str, int]]:
    """The address of a public server, and the number of its process."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GANDASH_PUBLIC", "1")
    patch.setenv("GANDASH_TRAINING", "limited")
    patch.setenv("GANDASH_UPLOADS", "private")
    served = serve(folder / "pretrained", folder / "runs")
    patch.undo()
    with served as url:
        yield url, served.process.pid


def test_what_no_browser_sends_harms_nothing(server: tuple[str, int], folder: Path) -> None:
    """Frames, states of widgets and requests, 244 in all, from one seed."""
    url, process = server
    chance = random.Random(8)
    before = contents(folder)
    said = [*of_pages(url)]
    grown = memory(process)
    send_frames(url, chance)
    said += of_widgets(url, chance)
    for body in requests(url, chance):
        assert not tells_of_itself(body.decode("latin-1"), folder)
    for message in said:
        assert not tells_of_itself(str(message), folder), str(message)[:2000]
    assert contents(folder) == before
    assert memory(process) - grown < GROWN_MB
    assert [*of_pages(url)], "the server still answers"


def of_pages(url: str) -> Iterator[ForwardMsg]:
    """Every page as a visitor sees it first, with no error box on it."""
    for page in PAGES:
        visitor = RawVisitor(url)
        said = visitor.rerun(page_name=page)
        visitor.close()
        assert said[-1].script_finished == ForwardMsg.FINISHED_SUCCESSFULLY, page
        yield from said


def send_frames(url: str, chance: random.Random) -> None:
    """100 frames that are no message."""
    visitor = RawVisitor(url)
    for number in range(100):
        visitor.send(chance.randbytes(chance.randint(0, 400)) if number % 6 else "text" * number)
    visitor.close()


def of_widgets(url: str, chance: random.Random) -> Iterator[ForwardMsg]:
    """24 runs of pages on which every third widget has a state of some kind that it does not
    take.
    """
    for number in range(24):
        page = PAGES[number % len(PAGES)]
        visitor = RawVisitor(url)
        known = widget_ids(visitor.rerun(page_name=page))
        asked = [*chance.sample(known, len(known) // 3), "$$ID-nobody-None", chance.choice(NASTY)]
        yield from visitor.rerun(
            page_name=chance.choice((page, chance.choice(NASTY))),
            query_string=chance.choice(("", "train_run=" + "%00" * 9, "gallery_sample=1e999")),
            widgets=[some_state(name, chance) for name in asked],
        )
        visitor.close()


def some_state(name: str, chance: random.Random) -> WidgetState:
    state = WidgetState(id=name.replace("\x00", ""))
    text = chance.choice(NASTY).encode("utf-8", "replace").decode()
    match chance.randrange(8):
        case 0:
            state.string_value = text
        case 1:
            state.int_value = chance.choice((-1, 2**53, -(2**63)))
        case 2:
            state.double_value = chance.choice((float("nan"), float("inf"), -1e308))
        case 3:
            state.string_array_value.data.extend([text] * chance.randint(0, 50))
        case 4:
            state.json_value = chance.choice(("{", "[" * 500, '{"a": NaN}', text))
        case 5:
            state.bool_value = True
        case 6:
            state.trigger_value = True
        case _:
            state.bytes_value = chance.randbytes(50)
    return state


def requests(url: str, chance: random.Random) -> Iterator[bytes]:
    """120 requests as no page makes them; their answers."""
    for number in range(120):
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        route = ROUTES[number % len(ROUTES)]
        try:
            connection.request(
                chance.choice(METHODS),
                route,
                body=chance.randbytes(chance.choice((0, 10, 10_000))),
                headers=chance.choice(HEADERS),
            )
            yield connection.getresponse().read()
        except (http.client.HTTPException, ValueError, OSError):
            continue  # refused before it was read
        finally:
            connection.close()


def tells_of_itself(text: str, folder: Path) -> bool:
    return "Traceback" in text or str(folder) in text or "site-packages" in text


def contents(folder: Path) -> dict[str, int]:
    """All files of the server, but for what it writes to know of itself."""
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def memory(process: int) -> float:
    """Megabytes that a process holds; 0 where the system does not say."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
