"""A proxy, by TLS if asked, that answers below a prefix which the server never hears of."""

from __future__ import annotations

import re
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import BinaryIO

REQUEST = re.compile(rb"^(\w+) (/\S*) (HTTP/1\.1)\r\n")
CONNECTION = re.compile(rb"(?i)\bconnection: [^\r]*\r\n")


class Server(ThreadingTCPServer):
    """With room for all that a browser opens at once, ahead of need above all."""

    daemon_threads = True
    request_queue_size = 128


@contextmanager
def stripping_proxy(prefix: str, port: int, certificate: Path | None = None) -> Iterator[str]:
    """Pass ``/prefix/x`` on as ``/x`` to a port of this machine; all else is not found.

    With a file of a certificate and its key it is HTTPS outside, and HTTP behind.
    """

    class Handler(StreamRequestHandler):
        """Every connection carries one request or one WebSocket."""

        def handle(self) -> None:
            with suppress(OSError):  # either end may leave
                self.answer()

        def answer(self) -> None:
            head = read_head(self.rfile)
            request = without_prefix(head, prefix.encode(), certificate is not None)
            if not request:
                self.wfile.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", port)) as behind:
                behind.sendall(request)
                # What came with the head lies in the buffer of the file that it was read from.
                behind.sendall(self.rfile.peek() if b"content-length" in head.lower() else b"")
                pass_on(self.connection, behind)

    with Server(("127.0.0.1", 0), Handler) as server:
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        scheme = "http" if certificate is None else "https"
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}{prefix}"
        server.shutdown()
        thread.join()


def read_head(stream: BinaryIO) -> bytes:
    """The lines up to the empty one; nothing of a connection that ends before it, unused."""
    lines = []
    for line in stream:
        lines.append(line)
        if line == b"\r\n":
            return b"".join(lines)
    return b""


def without_prefix(head: bytes, prefix: bytes, secure: bool = False) -> bytes:
    """A request without the prefix, with a word on how it came; nothing if it has none."""
    request = REQUEST.match(head)
    if request is None or not request[2].startswith(prefix + b"/"):
        return b""
    rest = (b"X-Forwarded-Proto: https\r\n" if secure else b"") + head[request.end() :]
    if b"upgrade: websocket" not in rest.lower():
        rest = b"Connection: close\r\n" + CONNECTION.sub(b"", rest)
    return b"%s %s %s\r\n" % (request[1], request[2].removeprefix(prefix), request[3]) + rest


def pass_on(one: socket.socket, other: socket.socket) -> None:
    """Copy both ways until either end closes."""
    to = {one: other, other: one}
    while True:
        decrypted = [it for it in to if isinstance(it, ssl.SSLSocket) and it.pending()]
        for ready in decrypted or select.select(list(to), [], [])[0]:
            content = ready.recv(65536)
            if not content:
                return
            to[ready].sendall(content)
