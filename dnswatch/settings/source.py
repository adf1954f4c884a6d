"""Source: what settings are made from, as the supervisor hands it to its processes."""

import msgspec


class Source(msgspec.Struct, frozen=True, array_like=True):
    """The text of a configuration, and what the command line says in its place."""

    text: str
    "TOML; empty where there is no file."
    where: str
    "The name of the file, for errors."
    listen: list[str] | None = None
    "The values of `--listen`."
    upstream: list[str] | None = None
    "The values of `--upstream`."
    workers: int | None = None
    "The value of `--workers`."
    policies: tuple[tuple[str, str], ...] = ()
    "The name of each policy's file, for errors, and its text; of two with one name the later wins."


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Source)


def encode(source: Source) -> bytes:
    """Write a source as one message."""
    return _encoder.encode(source)


def decode(message: bytes) -> Source:
    """Read a source; raises `ValueError` on anything else."""
    return _decoder.decode(message)
