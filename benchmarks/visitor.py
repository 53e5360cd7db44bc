"""A visitor of the app without a browser: what a browser says to the server, and when.

It knows the widgets of the page that it is on, sends all their values as a browser does, keeps the
messages that a browser would keep, asks for what a page polls, and fetches the pictures that are
new to it. It draws nothing.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

PATIENCE = 120.0
LARGEST = 64 * 2**20
KEPT_RUNS = 2  # a browser forgets a message that so many runs have not shown
ASSET = re.compile(r"assets/[0-9a-f]{64}\.[a-z]+")
LARGEST_SEED = 2**16
MOST_CHOSEN = 3


@dataclass
class Widget:
    """One widget on the page: its kind, what the server said of it, and the fragment it is in."""

    kind: str
    element: Any
    fragment: str

    @property
    def key(self) -> str:
        """The key that the page gave it; without one, the rest of its id."""
        return str(self.element.id).partition("-")[2].partition("-")[2]


@dataclass
class Answer:
    """What came of one request: seconds to the end of the run, and what it took to say it."""

    seconds: float
    messages: int = 0
    size: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass
class _Kept:
    message: ForwardMsg
    run: int


class Visitor:
    """One tab. :meth:`open` it, then :meth:`change` widgets, :meth:`go_to` pages, :meth:`wait`."""

    def __init__(self, url: str, chance: random.Random) -> None:
        self.url = url.rstrip("/")
        self.chance = chance
        self.widgets: dict[str, Widget] = {}
        self.pages: dict[str, str] = {}
        self.page = ""
        self._states: dict[str, WidgetState] = {}
        self._kept: dict[str, _Kept] = {}
        self._polls: dict[str, tuple[float, float]] = {}  # by fragment: every so long, next time
        self._runs = 0
        self._fetched: set[str] = set()
        self._socket: ClientConnection | None = None

    async def open(self, page: str = "", query: str = "") -> Answer:
        """Load a page for the first time, as a link with a query names it: the document, the
        connection, the run of the page.
        """
        began = time.perf_counter()
        status, _ = await fetch(f"{self.url}/{page}", accept="text/html")
        place = urlsplit(self.url)
        self._socket = await connect(
            f"ws://{place.netloc}{place.path}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            max_size=LARGEST,
            compression=None,
            ping_interval=None,
            open_timeout=PATIENCE,
        )
        self.page = page
        answer = await self._rerun(page_name=page, query_string=query)
        answer.seconds = time.perf_counter() - began
        if status != 200:
            answer.errors.append(f"the document of page {page!r} was answered with {status}")
        return answer

    async def go_to(self, page: str) -> Answer:
        """Another page, by the link above all pages."""
        self.page = page
        self._states = {}
        return await self._rerun(page_script_hash=self.pages[page])

    async def change(self, widget: Widget) -> Answer:
        """Give a widget another value, or press it."""
        state = other_value(widget, self._states.get(widget.element.id), self.chance)
        trigger = state.WhichOneof("value") == "trigger_value"
        if not trigger:
            self._states[state.id] = state
        return await self._rerun(
            page_script_hash=self.pages.get(self.page, ""),
            fragment_id=widget.fragment,
            widgets=[state] if trigger else [],
        )

    async def wait(self, seconds: float) -> list[Answer]:
        """Let time pass; what the page asks for by itself meanwhile is asked for."""
        until = time.perf_counter() + seconds
        polls: list[Answer] = []
        while True:
            fragment, due = min(
                ((fragment, due) for fragment, (_, due) in self._polls.items()),
                key=lambda pair: pair[1],
                default=("", until),
            )
            if due >= until:
                await asyncio.sleep(max(0.0, until - time.perf_counter()))
                return polls
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            every, _ = self._polls[fragment]
            self._polls[fragment] = (every, time.perf_counter() + every)
            polls.append(
                await self._rerun(
                    page_script_hash=self.pages.get(self.page, ""),
                    fragment_id=fragment,
                    is_auto_rerun=True,
                )
            )

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def _rerun(self, *, widgets: Sequence[WidgetState] = (), **client_state: Any) -> Answer:
        assert self._socket is not None, "open() comes first"
        request = BackMsg()
        for name, value in client_state.items():
            setattr(request.rerun_script, name, value)
        request.rerun_script.widget_states.widgets.extend([*self._states.values(), *widgets])
        request.rerun_script.cached_message_hashes.extend(self._kept)
        began = time.perf_counter()
        answer = Answer(0.0)
        self._runs += 1
        named: set[str] = set()
        try:
            await self._socket.send(request.SerializeToString())
            await self._hear(answer, named)
        except (ConnectionClosed, TimeoutError) as error:
            answer.errors.append(f"{type(error).__name__} on page {self.page!r}")
        answer.seconds = time.perf_counter() - began
        self._forget()
        await self._fetch(named, answer)
        return answer

    async def _hear(self, answer: Answer, named: set[str]) -> None:
        """Read up to the end of the run, and know the page as it then is."""
        assert self._socket is not None
        while True:
            frame = await asyncio.wait_for(self._socket.recv(), PATIENCE)
            assert isinstance(frame, bytes)
            answer.messages += 1
            answer.size += len(frame)
            message = ForwardMsg.FromString(frame)
            match message.WhichOneof("type"):
                case "new_session":
                    self._begin(message)
                case "navigation":
                    for page in message.navigation.app_pages:
                        path = "" if page.is_default else page.url_pathname
                        self.pages[path] = page.page_script_hash
                case "auto_rerun":
                    every = message.auto_rerun.interval
                    due = time.perf_counter() + every
                    self._polls[message.auto_rerun.fragment_id] = (every, due)
                case "stop_auto_rerun":
                    for ended in message.stop_auto_rerun.fragment_ids:
                        self._polls.pop(ended, None)
                case "delta" | "ref_hash":
                    self._know(message, answer, named)
                case "script_finished":
                    if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                        return

    def _begin(self, message: ForwardMsg) -> None:
        """A run begins: one of the whole page makes all widgets and all polling anew."""
        anew = set(message.metadata.run.fragment_ids)
        self.widgets = {
            name: widget
            for name, widget in self.widgets.items()
            if anew and widget.fragment not in anew
        }
        if not anew:
            self._polls = {}

    def _know(self, message: ForwardMsg, answer: Answer, named: set[str]) -> None:
        if message.WhichOneof("type") == "ref_hash":
            kept = self._kept.get(message.ref_hash)
            if kept is None:
                answer.errors.append(f"a message that was not kept, on page {self.page!r}")
                return
            kept.run = self._runs
            message = kept.message
        elif message.metadata.cacheable:
            self._kept[message.hash] = _Kept(message, self._runs)
        if message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        kind = str(element.WhichOneof("type"))
        content = getattr(element, kind)
        if kind == "exception":
            answer.errors.append(f"{content.type} on page {self.page!r}: {content.message[:200]}")
        if isinstance(content, Message) and str(getattr(content, "id", "")).startswith("$$"):
            self.widgets[content.id] = Widget(kind, content, message.delta.fragment_id)
        if kind == "html":
            named.update(ASSET.findall(content.body))

    def _forget(self) -> None:
        self._kept = {
            name: kept for name, kept in self._kept.items() if self._runs - kept.run < KEPT_RUNS
        }

    async def _fetch(self, named: set[str], answer: Answer) -> None:
        """Fetch pictures as a browser does, each once."""
        for name in sorted(named - self._fetched):
            status, _ = await fetch(f"{self.url}/{name}")
            self._fetched.add(name)
            if status != 200:
                answer.errors.append(f"{name} was answered with {status}")


async def fetch(url: str, accept: str = "*/*") -> tuple[int, bytes]:
    """Status and body of a plain GET."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    lines = (
        f"GET {place.path or '/'} HTTP/1.1",
        f"Host: {place.netloc}",
        f"Accept: {accept}",
        "Connection: close",
        "\r\n",
    )
    writer.write("\r\n".join(lines).encode())
    head, _, body = (await asyncio.wait_for(reader.read(), PATIENCE)).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split(b" ", 2)[1]), body


def other_value(widget: Widget, before: WidgetState | None, chance: random.Random) -> WidgetState:
    """Another value of a widget, as its kind allows; a button is pressed."""
    state = WidgetState(id=widget.element.id)
    element = widget.element
    match widget.kind:
        case "number_input":
            state.double_value = _number(element, chance)
        case "slider":
            steps = max(1, round((element.max - element.min) / element.step))
            state.double_array_value.data.append(
                element.min + chance.randint(0, steps) * element.step
            )
        case "selectbox" | "radio":
            state.string_value = chance.choice(list(element.options))
        case "multiselect":
            state.string_array_value.data.extend(_some(element, before, chance))
        case "button_group":
            state.string_array_value.data.append(
                chance.choice([option.content for option in element.options])
            )
        case "checkbox":
            was = before.bool_value if before is not None else element.default
            state.bool_value = not was
        case "button":
            state.trigger_value = True
        case kind:
            raise ValueError(f"Nobody has said how a {kind} is changed: name other widgets")
    return state


def _number(element: Any, chance: random.Random) -> float:
    """A value between the limits; without an upper one, or a far one, of a few thousand steps."""
    low = element.min if element.has_min else 0.0
    high = min(element.max, low + LARGEST_SEED) if element.has_max else low + LARGEST_SEED
    step = element.step or 1.0
    return float(low + step * chance.randint(0, max(1, int((high - low) / step))))


def _some(element: Any, before: WidgetState | None, chance: random.Random) -> list[str]:
    """One more or one fewer of the options, as a click does, and never many."""
    options = list(element.options)
    if before is not None:
        chosen = list(before.string_array_value.data)
    else:
        chosen = [options[place] for place in element.default]
    rest = [option for option in options if option not in chosen]
    if len(chosen) > 1 and (len(chosen) >= MOST_CHOSEN or not rest):
        chosen.remove(chance.choice(chosen))
    elif rest:
        chosen.append(chance.choice(rest))
    return chosen


def changeable(visitor: Visitor, keys: Mapping[str, Sequence[str]]) -> list[Widget]:
    """The widgets on the visitor's page that people change there, by their keys."""
    wanted = set(keys[visitor.page])
    return [
        widget
        for widget in visitor.widgets.values()
        if widget.key in wanted and not widget.element.disabled
    ]
