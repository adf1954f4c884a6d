"""The engine: the site's Valkey or Redis server, as the nodes of a fleet use it.

All keys of a site begin with `dnswatch:{SITE}:`; the braces keep them together in a cluster.  Two
dozen commands are used, which Redis has had since 6.2.  Only this file knows the library.

Nothing here tries again: whoever asked knows what may be done twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from dnswatch.errors import EngineError, LibraryError
from dnswatch.settings.fleet import Fleet

try:
    from valkey import Valkey
    from valkey.backoff import NoBackoff
    from valkey.exceptions import ResponseError, ValkeyError, WatchError
    from valkey.retry import Retry
except ModuleNotFoundError:
    raise LibraryError("valkey", "fleet") from None

PATIENCE: Final = 2.0
"""Seconds that the engine has to answer in, besides those that it was told to wait."""

_TURN: Final = 1.0
"""Seconds that one command may wait at most: less than the engine's patience."""

BEGINNING: Final = "0-0"
"""Stands before all entries of a stream."""

Fields = Mapping[str, bytes]


class Entry(NamedTuple):
    """An entry of a stream."""

    id: str
    "Two numbers, `MAJOR-MINOR`, that grow from entry to entry."
    fields: dict[str, bytes]

    @property
    def numbers(self) -> tuple[int, int]:
        """The two numbers of its ID."""
        return numbers_of(self.id)


def numbers_of(entry_id: str) -> tuple[int, int]:
    """Take an entry's ID apart."""
    major, _, minor = entry_id.partition("-")
    return int(major), int(minor or 0)


class FleetEngine:
    """A connection to the engine, for one thread; made when first used, and again after a fault.

    Every method raises `EngineError` where the engine is away, refuses, or is silent for too long.
    """

    def __init__(self, fleet: Fleet, patience: float = PATIENCE) -> None:
        """Use the engine of the settings; it has `patience` seconds for each answer."""
        url = fleet.engine
        self.shown = url.shown
        "Its name in messages."
        self._prefix = f"dnswatch:{{{fleet.site}}}:"
        encrypted: dict[str, Any] = {
            "ssl": True,
            "ssl_ca_certs": fleet.ca_file or None,
            "ssl_cert_reqs": "required",
            "ssl_check_hostname": True,
        }
        where: dict[str, Any] = (
            {"unix_socket_path": url.path}
            if url.path
            else {
                "host": url.host,
                "port": url.port,
                "socket_keepalive": True,
                **(encrypted if url.is_encrypted else {}),
            }
        )
        self.connections = 0
        "How often it was connected to: the library connects again by itself where it finds a"
        "connection closed, and what the engine had may be gone then."
        self._client: Any = Valkey(
            **where,
            db=url.database,
            username=url.user or None,
            password=url.password or None,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            retry=Retry(NoBackoff(), 0),
            lib_name=None,  # saying it takes a command that an access list would have to name
            lib_version=None,
            valkey_connect_func=self._connected,
        )
        self._patience = patience

    def close(self) -> None:
        """Close the connection."""
        with self._sentences():
            self._client.close()

    def key(self, *parts: str) -> str:
        """Name a key of the site."""
        return self._prefix + ":".join(parts)

    def now(self) -> float:
        """Return the engine's time, Unix seconds."""
        with self._sentences():
            seconds, microseconds = self._client.time()
        return int(seconds) + int(microseconds) / 1e6

    def add(self, stream: str, entry_id: str, fields: Fields) -> bool:
        """Add an entry; False where the stream has that ID or a greater one already."""
        return self.add_all(stream, [(entry_id, fields)]) == 1

    def add_all(self, stream: str, entries: Iterable[tuple[str, Fields]]) -> int:
        """Add entries in order of their IDs; return how many of them were new there."""
        with self._sentences():
            pipe = self._client.pipeline(transaction=False)
            for entry_id, fields in entries:
                pipe.execute_command("XADD", stream, entry_id, *_flat(fields))
            answers = pipe.execute(raise_on_error=False)
            for answer in answers:
                if isinstance(answer, Exception) and "equal or smaller" not in str(answer):
                    raise answer
        return sum(not isinstance(answer, Exception) for answer in answers)

    def read(
        self, after: Mapping[str, str], count: int, wait: float = 0.0
    ) -> dict[str, list[Entry]]:
        """Return up to `count` entries of each stream that come after an ID of it.

        Where there are none, wait for as many seconds for the first one.
        """
        if not after:
            return {}
        block = max(1, round(wait * 1000)) if wait else None
        with self._sentences():
            found = self._client.xread(dict(after), count=count, block=block) or ()
        return {stream.decode(): _entries(entries) for stream, entries in found}

    def first(self, stream: str) -> Entry | None:
        """Return the first entry that a stream has."""
        with self._sentences():
            found = _entries(self._client.xrange(stream, count=1))
        return found[0] if found else None

    def last_id(self, stream: str) -> str:
        """Return the ID of the last entry that a stream ever had since it was begun."""
        with self._sentences():
            try:
                return str(self._client.xinfo_stream(stream)["last-generated-id"].decode())
            except ResponseError as error:
                if "no such key" in str(error):
                    return BEGINNING
                raise

    def trim(self, stream: str, least: str) -> None:
        """Let a stream's entries go that have a smaller ID."""
        with self._sentences():
            self._client.xtrim(stream, minid=least, approximate=False)

    def length(self, stream: str) -> int:
        """Return how many entries a stream has."""
        with self._sentences():
            return int(self._client.xlen(stream))

    def get(self, key: str) -> bytes | None:
        """Return what stands there."""
        with self._sentences():
            return self._client.get(key)  # type: ignore[no-any-return]

    def get_all(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return what stands at each key."""
        with self._sentences():
            return list(self._client.mget(keys)) if keys else []

    def put(
        self, key: str, value: bytes, life: float | None = None, *, if_new: bool = False
    ) -> bool:
        """Write, for `life` seconds; where `if_new`, only where nothing stands there."""
        px = None if life is None else round(life * 1000)
        with self._sentences():
            return bool(self._client.set(key, value, px=px, nx=if_new))

    def prolong(self, key: str, value: bytes, life: float) -> bool:
        """Let what stands there live `life` seconds from now, if it is `value`."""
        return self._if_equal(key, value, ("PEXPIRE", key, round(life * 1000)))

    def withdraw(self, key: str, value: bytes) -> bool:
        """Delete what stands there, if it is `value`."""
        return self._if_equal(key, value, ("DEL", key))

    def delete(self, *keys: str) -> None:
        """Delete keys."""
        with self._sentences():
            self._client.delete(*keys)

    def members(self, key: str) -> set[str]:
        """Return the members of a set."""
        with self._sentences():
            return {member.decode() for member in self._client.smembers(key)}

    def join(self, key: str, member: str) -> None:
        """Put a member into a set."""
        with self._sentences():
            self._client.sadd(key, member)

    def leave(self, key: str, member: str) -> None:
        """Take a member out of a set."""
        with self._sentences():
            self._client.srem(key, member)

    def push(self, key: str, value: bytes, life: float) -> None:
        """Add to the end of a list, which goes after `life` seconds."""
        with self._sentences():
            pipe = self._client.pipeline(transaction=False)
            pipe.rpush(key, value)
            pipe.pexpire(key, round(life * 1000))
            pipe.execute()

    def pop(self, key: str, wait: float) -> bytes | None:
        """Take the first value of a list; wait up to `wait` seconds for one."""
        with self._sentences():
            found = self._client.blpop([key], timeout=wait)
        return found[1] if found else None

    def take(self, key: str) -> bytes | None:
        """Take the first value of a list, if there is one now."""
        with self._sentences():
            return self._client.lpop(key)  # type: ignore[no-any-return]

    def await_value(self, key: str, longest: float) -> bytes | None:
        """Take the first value of a list; wait for it, however long that is, for `longest`."""
        left = longest
        while (value := self.pop(key, min(left, _TURN))) is None and left > _TURN:
            left -= _TURN
        return value

    def _if_equal(self, key: str, value: bytes, command: tuple[Any, ...]) -> bool:
        """Execute a command if `value` stands at a key, and until then nobody touches that."""
        with self._sentences(), self._client.pipeline() as pipe:
            try:
                pipe.watch(key)
                if pipe.get(key) != value:
                    return False
                pipe.multi()
                pipe.execute_command(*command)
                return bool(pipe.execute()[0])
            except WatchError:
                return False

    def _connected(self, connection: Any) -> None:
        self.connections += 1
        connection.on_connect()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (ValkeyError, OSError) as error:
            raise EngineError(
                f"the fleet's engine at {self.shown} does not serve us: {error}"
            ) from error


def _flat(fields: Fields) -> list[str | bytes]:
    return [part for pair in fields.items() for part in pair]


def _entries(found: Iterable[tuple[bytes, dict[bytes, bytes] | None]]) -> list[Entry]:
    return [
        Entry(entry_id.decode(), {name.decode(): value for name, value in fields.items()})
        for entry_id, fields in found
        if fields is not None  # it was deleted meanwhile
    ]
