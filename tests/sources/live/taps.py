"""What a resolver says by dnstap, made by dnstap's own library."""

from ipaddress import ip_address

from dnstap_pb import Dnstap, Message

from tests.sources.packets import query, response

CONTENT = b"protobuf:dnstap.Dnstap"
RESOLVER = "10.0.0.53"


def control(kind: int, *contents: bytes) -> bytes:
    """Write a control frame."""
    fields = b"".join(b"\0\0\0\1" + len(one).to_bytes(4, "big") + one for one in contents)
    return bytes(4) + (4 + len(fields)).to_bytes(4, "big") + kind.to_bytes(4, "big") + fields


ACCEPT, START, STOP, READY, FINISH = 1, 2, 3, 4, 5


def framed(data: bytes) -> bytes:
    """Put the length before a frame."""
    return len(data).to_bytes(4, "big") + data


def told(
    kind: int,
    at: float,
    message: bytes,
    client: str = "10.0.0.1",
    server: str = RESOLVER,
    ports: tuple[int, int] = (40000, 53),
) -> bytes:
    """Write a message of a client, or to one, as the frame's payload."""
    tap = Dnstap(identity=b"resolver", type=Dnstap.MESSAGE)
    tap.message.type = kind
    tap.message.query_address, tap.message.query_port = ip_address(client).packed, ports[0]
    tap.message.response_address, tap.message.response_port = ip_address(server).packed, ports[1]
    seconds, rest = int(at), round(at % 1 * 1e9)
    if kind == Message.CLIENT_QUERY:
        tap.message.query_time_sec, tap.message.query_time_nsec = seconds, rest
        tap.message.query_message = message
    else:
        tap.message.response_time_sec, tap.message.response_time_nsec = seconds, rest
        tap.message.response_message = message
    return bytes(tap.SerializeToString())


def lookup(at: float, name: str, client: str = "10.0.0.1", ident: int = 7) -> list[bytes]:
    """Write the two frames of a lookup that took 10 ms."""
    return [
        told(Message.CLIENT_QUERY, at - 0.01, query(name, ident=ident), client),
        told(Message.CLIENT_RESPONSE, at, response(name, ident=ident), client),
    ]
