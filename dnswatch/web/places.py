"""Places: whether a site has a console, where it is reached, and what its first link is.

Nothing is imported here that only the extra `web` brings: the supervisor asks before it starts one.
"""

from importlib.util import find_spec
from typing import Final

from dnswatch.settings import Settings

LIBRARIES: Final = ("starlette", "uvicorn", "jinja2", "argon2")


def missing() -> list[str]:
    """Name the libraries of the extra `web` that are not installed."""
    return [name for name in LIBRARIES if find_spec(name) is None]


def is_wanted(settings: Settings) -> bool:
    """Say whether `dnswatch serve` runs a console."""
    return settings.web.enabled and not missing()


def base_url(settings: Settings) -> str:
    """Return where a browser finds it: by its first name, or by its address."""
    web = settings.web
    if web.behind_proxy and web.names:
        return f"https://{web.names[0]}"
    scheme = "https" if web.certificate else "http"
    host = f"{web.names[0]}:{web.listen.port}" if web.names else str(web.listen)
    return f"{scheme}://{host}"


def hosts(settings: Settings) -> frozenset[str]:
    """Return the hosts, without port, under which it answers: others are tricks (DNS rebinding)."""
    address = settings.web.listen.address
    found = {str(name) for name in settings.web.names}
    if not address.is_unspecified:
        found.add(f"[{address}]" if address.version == 6 else str(address))
    if address.is_loopback:
        found |= {"localhost", "127.0.0.1", "[::1]"}
    return frozenset(found)
