"""`python -m bench.lossy PORT SHARE SECONDS`: an upstream far away, on a bad line.

Of the questions over UDP it loses the share, and answers the rest after the seconds with one
address; over TCP nothing is lost.
"""

import asyncio
import random
import struct
import sys
from typing import Final, cast

_ANSWER: Final = bytes.fromhex("c00c 0001 0001 00000e10 0004 c0000250")
"An A record for the name asked: 192.0.2.80, for an hour."


def response_to(query: bytes) -> bytes:
    """Answer a query's question; its OPT record is left out."""
    end = query.index(0, 12) + 5
    return query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:end] + _ANSWER


class Lossy(asyncio.DatagramProtocol):
    """The upstream's UDP side."""

    def __init__(self, share: float, delay: float, chance: random.Random) -> None:
        """Lose `share` of the questions; answer after `delay` seconds."""
        self._share, self._delay, self._chance = share, delay, chance

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Lose a question, or answer it later."""
        if self._chance.random() >= self._share:
            loop = asyncio.get_running_loop()
            loop.call_later(self._delay, self._transport.sendto, response_to(data), addr)


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while head := await reader.read(2):
        answer = response_to(await reader.readexactly(struct.unpack("!H", head)[0]))
        writer.write(struct.pack("!H", len(answer)) + answer)


async def serve(port: int, share: float, delay: float) -> None:
    """Answer on 127.0.0.1 until killed."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(
        lambda: Lossy(share, delay, random.Random(port)), ("127.0.0.1", port)
    )
    async with await asyncio.start_server(_talk, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
