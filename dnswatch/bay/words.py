"""Words of others: what a peer sent becomes text that can be kept, shown and sent on.

Replies of exchanges, names and headers come in any bytes.  Read leniently they hold halves of
characters (surrogates), which no file, no JSON and no terminal takes.  So every text of a peer goes
through `words` where it comes in, and `record` puts whatever came by another way through it again.
"""

from typing import Any


def words(said: str | bytes) -> str:
    """Return what was said: as UTF-8 if it is that, else as Latin-1, as mail servers of old wrote.

    A text is one that was read with "surrogateescape", which kept its bytes.
    """
    if isinstance(said, str):
        if said.isascii():
            return said
        said = said.encode("utf-8", "surrogateescape" if _has_bytes(said) else "replace")
    try:
        return said.decode()
    except UnicodeDecodeError:
        return said.decode("latin-1")


def in_words(value: Any) -> Any:
    """Do so with all texts in what becomes JSON: lists, tuples and dicts of them."""
    match value:
        case str():
            return words(value)
        case dict():
            return {in_words(key): in_words(one) for key, one in value.items()}
        case list() | tuple():
            return [in_words(one) for one in value]
    return value


def line(said: str | bytes, longest: int) -> str:
    """Return it as one line of so many characters at most."""
    return " ".join(words(said).split())[:longest]


def _has_bytes(said: str) -> bool:
    """Say whether a text can be turned back into the bytes that it was read from."""
    try:
        said.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character that no byte stands for
        return False
    return True
