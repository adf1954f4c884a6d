"""The HTTP side of a test's upstream: DNS over HTTPS (RFC 8484) on HTTP/2, POST and GET."""

import asyncio
import base64
import struct
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs, urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

from tests.behaviour import Close, GoAway, Headers, Reset, Send, Status, Step

_MESSAGE = (("content-type", "application/dns-message"),)


async def serve_https(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    behave: Callable[[bytes], list[Step]],
) -> None:
    """Answer the requests of one connection until the client closes it."""
    connection = H2Connection(H2Configuration(client_side=False, header_encoding=None))
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    bodies: dict[int, bytes] = {}
    tasks: set[asyncio.Task[None]] = set()
    while received := await reader.read(65536):
        for event in connection.receive_data(received):
            match event:
                case RequestReceived():
                    bodies[event.stream_id] = _asked_by_get(dict(event.headers or ())[b":path"])
                case DataReceived():
                    bodies[event.stream_id] += event.data
                    connection.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
                case StreamEnded():
                    steps = behave(bodies.pop(event.stream_id))
                    tasks.add(
                        asyncio.create_task(_perform(steps, connection, event.stream_id, writer))
                    )
        writer.write(connection.data_to_send())
    for task in tasks:
        task.cancel()


def _asked_by_get(path: bytes) -> bytes:
    text = parse_qs(urlsplit(path.decode()).query).get("dns", [""])[0]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _send(
    connection: H2Connection, stream: int, wire: bytes, headers: Iterable[tuple[str, str]]
) -> None:
    connection.send_headers(stream, [(":status", "200"), *headers])
    size = connection.max_outbound_frame_size
    for start in range(0, len(wire), size):
        connection.send_data(stream, wire[start : start + size])
    connection.end_stream(stream)


async def _perform(
    steps: list[Step], connection: H2Connection, stream: int, writer: asyncio.StreamWriter
) -> None:
    for step in steps:
        match step:
            case Send(wire, after):
                await asyncio.sleep(after)
                _send(connection, stream, wire, _MESSAGE)
            case Headers(wire, headers):
                _send(connection, stream, wire, headers)
            case GoAway():
                # By hand: the library would send nothing that is still due.
                writer.write(connection.data_to_send())
                writer.write(struct.pack("!BHBBIII", 0, 8, 7, 0, 0, stream, 0))
            case Reset(code):
                connection.reset_stream(stream, code)
            case Status(code):
                connection.send_headers(stream, [(":status", str(code))], end_stream=True)
            case Close():
                writer.close()
        if not writer.is_closing():
            writer.write(connection.data_to_send())
