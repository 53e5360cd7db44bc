"""A visitor without a browser: says to the server what no page would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import urlsplit

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE = 90.0
LARGEST = 64 * 2**20


class RawVisitor:
    """One WebSocket to the server's stream of messages; opened anew where the server closed it."""

    def __init__(self, url: str) -> None:
        self.address = f"ws://{urlsplit(url).netloc}/_stcore/stream"
        self.opened = ExitStack()
        self.socket = self._open()

    def _open(self) -> ClientConnection:
        protocols = [Subprotocol("streamlit")]
        return self.opened.enter_context(
            connect(self.address, subprotocols=protocols, max_size=LARGEST)
        )

    def send(self, content: bytes | str) -> None:
        """Send a frame as it is."""
        try:
            self.socket.send(content)
        except ConnectionClosed:
            self.socket = self._open()
            self.socket.send(content)

    def rerun(self, **client_state: Any) -> list[ForwardMsg]:
        """Ask for a run of the script, and wait for its end: what the server has said."""
        message = BackMsg()
        message.rerun_script.query_string = client_state.get("query_string", "")
        message.rerun_script.page_name = client_state.get("page_name", "")
        message.rerun_script.page_script_hash = client_state.get("page_script_hash", "")
        message.rerun_script.fragment_id = client_state.get("fragment_id", "")
        for state in client_state.get("widgets", ()):
            message.rerun_script.widget_states.widgets.append(state)
        self.send(message.SerializeToString())
        return self.heard()

    def heard(self) -> list[ForwardMsg]:
        """Messages up to the end of a run, or to that of the connection."""
        said = []
        with suppress(ConnectionClosed, TimeoutError):
            while True:
                frame = self.socket.recv(PATIENCE)
                assert isinstance(frame, bytes)
                said.append(ForwardMsg.FromString(frame))
                if said[-1].WhichOneof("type") == "script_finished" and not again(said[-1]):
                    break
        return said

    def close(self) -> None:
        self.opened.close()


def again(finished: ForwardMsg) -> bool:
    """Whether a run ended early, for another one that follows at once."""
    return finished.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN


def widget_ids(said: list[ForwardMsg]) -> list[str]:
    """The ids of all widgets on a page."""
    return sorted({text for message in said for text in _ids(message) if text.startswith("$$")})


def _ids(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in value if field.is_repeated else [value]:
                if isinstance(part, Message):
                    yield from _ids(part)
        elif field.name == "id" and isinstance(value, str):
            yield value
