"""Receivers on loopback that write down what they get, and may be away, slow or rude."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Heard:
    """What a receiver got, in order."""

    port: int
    messages: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 204
    "What a webhook answers."
    first: Callable[[], None] | None = None
    "What it does, once, before it answers."


def frames(stream: bytes) -> list[bytes]:
    """Take octet-counted messages out of a stream (RFC 6587 section 3.4.1)."""
    found = []
    while stream:
        length, _, rest = stream.partition(b" ")
        if len(rest) < int(length):
            break
        found.append(rest[: int(length)])
        stream = rest[int(length) :]
    return found


@contextlib.contextmanager
def stream(holder: socket.socket) -> Iterator[Heard]:
    """Listen for syslog over TCP at a reserved port."""
    port = int(holder.getsockname()[1])
    heard = Heard(port)
    listening = socket.create_server(("127.0.0.1", port), reuse_port=True)
    listening.settimeout(0.05)
    over = threading.Event()

    def run() -> None:
        earlier: list[bytes] = []
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                peer, _ = listening.accept()
                got = b""
                with peer:
                    peer.settimeout(0.05)
                    while not over.is_set():
                        with contextlib.suppress(TimeoutError):
                            more = peer.recv(65536)
                            if not more:
                                break
                            got += more
                            heard.messages = earlier + frames(got)
                earlier = heard.messages

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield heard
    finally:
        over.set()
        thread.join()
        listening.close()


@contextlib.contextmanager
def webhook() -> Iterator[Heard]:
    """Take requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.messages.append(self.rfile.read(int(self.headers["content-length"])))
            heard.headers.append({k.lower(): v for k, v in self.headers.items()})
            if (first := heard.first) is not None:
                heard.first = None
                first()
                return
            self.send_response(heard.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard = Heard(server.server_port)
        thread = threading.Thread(target=lambda: server.serve_forever(0.02))
        thread.start()
        try:
            yield heard
        finally:
            server.shutdown()
            thread.join()
