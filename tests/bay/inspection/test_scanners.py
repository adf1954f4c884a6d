"""Messages on their way to a scanner."""

from pathlib import Path

from dnswatch.bay.inspection.scanners import PIECE, pieces
from tests.bay.inspection.letters import run


def test_file_is_read_in_pieces(tmp_path: Path) -> None:
    """A large message is never held in memory as a whole, and comes through whole."""
    content = b"a" * (2 * PIECE + 1)
    (tmp_path / "letter").write_bytes(content)

    async def main() -> list[bytes]:
        return [piece async for piece in pieces(tmp_path / "letter")]

    read = run(main)
    assert b"".join(read) == content
    assert max(map(len, read)) == PIECE
