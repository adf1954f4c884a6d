"""Checks: settings that are well-formed each, but out of range or at odds with one another."""

import re
from collections.abc import Iterator
from typing import Any, Final

from dnswatch.addresses import Address
from dnswatch.settings.events import Sink
from dnswatch.settings.faults import Fault, key
from dnswatch.settings.kinds import Kind, fields, shown
from dnswatch.settings.lines import Path
from dnswatch.settings.sections import Serve, Settings
from dnswatch.settings.units import Server, Subnet
from dnswatch.settings.vantages import Elsewhere

_STALE_AFTER: Final = ("cache", "stale_after")
_ORDERS: Final = (
    (_STALE_AFTER, ("upstream", "deadline"), "the client has had its answer by then"),
    (("cache", "max_negative_ttl"), ("cache", "max_ttl"), "no answer may live longer"),
    (("limits", "in_flight_per_client"), ("limits", "in_flight"), "one client could take all"),
    (("limits", "tcp_per_client"), ("limits", "tcp_connections"), "one client could take all"),
    (("limits", "held_per_client"), ("limits", "held"), "one client could take all"),
    (("records", "minutes"), ("records", "retention"), "nothing is kept longer"),
)
"""Of each two the first must not exceed the second."""


def faults(settings: Settings) -> Iterator[Fault]:
    """Find what is wrong with settings that could be read."""
    yield from faults_of_values(Settings, settings)
    for check in _CHECKS:
        yield from check(settings)


def faults_of_values(section: type, value: Any) -> Iterator[Fault]:
    """Find values out of their range, and values given twice."""
    for path, kind, found in _values((), Kind(section), value):
        yield from _out_of_range(path, kind, found)
        yield from _twice(path, found)


def is_own(server: Server, serve: Serve) -> bool:
    """Say whether an upstream is one of our own endpoints: we would ask ourselves, in circles."""
    return server.scheme in ("udp", "tcp") and any(
        server.port == endpoint.port and _reaches(server.address, endpoint.address)
        for endpoint in serve.endpoints
    )


def _reaches(to: Address | None, listening: Address) -> bool:
    if to is None or to.version != listening.version:
        return False
    return to == listening or (listening.is_unspecified and to.is_loopback)


def _values(path: Path, kind: Kind, value: Any) -> Iterator[tuple[Path, Kind, Any]]:
    """Walk through all settings."""
    yield path, kind, value
    if kind.is_section:
        for name, below in fields(kind.type).items():
            yield from _values((*path, name), below, getattr(value, name))
    elif isinstance(value, tuple | dict):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for step, item in items:
            yield from _values((*path, step), kind.item(), item)


def _out_of_range(path: Path, kind: Kind, value: Any) -> Iterator[Fault]:
    if kind.range is None:
        return
    parse = getattr(kind.type, "parse", kind.type)
    if not parse(kind.range.least) <= value <= parse(kind.range.most):
        yield Fault(path, f"is {shown(value)}: expected {kind.text}; {kind.range.why}")


def _twice(path: Path, value: Any) -> Iterator[Fault]:
    for place, item in enumerate(value if isinstance(value, tuple) else ()):
        if item in value[:place]:
            yield Fault((*path, place), f"is {shown(item)}, which the list has already")


def _endpoints(settings: Settings) -> Iterator[Fault]:
    serve = settings.serve
    watches = settings.tap or settings.follow or settings.ingest.listen
    if not (serve.listen or serve.proxied or watches):
        text = "is empty: expected an endpoint for clients to ask, or a [[tap]] to watch by"
        yield Fault(("serve", "listen"), text)
    for place, endpoint in enumerate(serve.redirected):
        if endpoint in serve.listen:
            yield Fault(
                ("serve", "redirected", place),
                f"is {shown(endpoint)}, which serve.listen has too: redirected traffic needs an"
                " endpoint of its own, or all clients are marked",
                ("serve", "listen"),
            )
    for place, endpoint in enumerate(serve.proxied):
        for other in ("listen", "redirected"):
            if endpoint in getattr(serve, other):
                yield Fault(
                    ("serve", "proxied", place),
                    f"is {shown(endpoint)}, which serve.{other} has too: fronts need an endpoint of"
                    " their own, since each query there begins with a header",
                    ("serve", other),
                )
    if serve.proxied and not serve.trusted_proxies:
        yield Fault(
            ("serve", "trusted_proxies"),
            "is empty: expected the addresses of the fronts that send to serve.proxied",
            ("serve", "proxied"),
        )


def _loops(settings: Settings) -> Iterator[Fault]:
    asked: list[tuple[Path, tuple[Server, ...]]] = [
        (("upstream", "servers"), settings.upstream.servers),
        *((("forward", n, "servers"), one.servers) for n, one in enumerate(settings.forward)),
    ]
    for path, servers in asked:
        for place, server in enumerate(servers):
            if is_own(server, settings.serve):
                yield Fault(
                    (*path, place),
                    f"is {shown(server)}, where dnswatch itself listens: it would ask itself",
                    ("serve", "listen"),
                )


def _forwards(settings: Settings) -> Iterator[Fault]:
    domains = [forward.domain for forward in settings.forward]
    for place, domain in enumerate(domains):
        if domain in domains[:place]:
            first = key(("forward", domains.index(domain)))
            yield Fault(
                ("forward", place, "domain"),
                f"is {shown(domain)}, as in {first}: put the servers of both into one list",
            )


def _access(settings: Settings) -> Iterator[Fault]:
    for place, subnet in enumerate(settings.serve.trusted_proxies):
        if subnet.network.prefixlen == 0:
            yield Fault(
                ("serve", "trusted_proxies", place),
                f"is {shown(subnet)}: everybody could ask in any client's name",
            )
    for place, subnet in enumerate(settings.access.networks):
        if subnet.network.prefixlen == 0:
            yield Fault(
                ("access", "networks", place),
                f"is {shown(subnet)}, the whole Internet: expected your own clients",
            )


def _roles(settings: Settings) -> Iterator[Fault]:
    taken: dict[Subnet, Path] = {}
    for role in fields(type(settings.roles)):
        for place, subnet in enumerate(getattr(settings.roles, role)):
            path: Path = ("roles", role, place)
            other = taken.setdefault(subnet, path)
            if other[1] != role:
                text = f"is {shown(subnet)}, as is {key(other)}: a client has one role"
                yield Fault(path, text, other)


def _groups(settings: Settings) -> Iterator[Fault]:
    for name in settings.groups:
        if not re.fullmatch(r"[^\W\d_][\w-]{0,62}", name):
            text = "is no name for a group: expected a letter, then letters, digits, - and _"
            yield Fault(("groups", name), text)


def _bay(settings: Settings) -> Iterator[Fault]:
    if settings.bay.enabled and not (settings.bay.listen or settings.quarantine.addresses):
        yield Fault(
            ("bay", "listen"),
            'is empty: expected where the bay takes mail, like ["192.0.2.25:25"]',
            ("bay", "enabled"),
        )


def _quarantine(settings: Settings) -> Iterator[Fault]:
    quarantine = settings.quarantine
    if quarantine.i_have_authority and not quarantine.addresses:
        yield Fault(
            ("quarantine", "addresses"),
            "is empty: expected where the holding bay takes mail, since you may divert mail to it",
            ("quarantine", "i_have_authority"),
        )


def _web(settings: Settings) -> Iterator[Fault]:
    web = settings.web
    if not web.enabled:
        return
    is_safe = bool(web.certificate) or web.behind_proxy
    if not (web.listen.address.is_loopback or is_safe):
        yield Fault(
            ("web", "listen"),
            f"is {shown(web.listen)}, where others could read passwords on their way: set"
            " web.certificate, or web.behind_proxy where a proxy in front speaks HTTPS",
        )
    elif web.listen.address.is_unspecified and not web.names:
        text = "is empty: expected the host names under which browsers reach the console"
        yield Fault(("web", "names"), text, ("web", "listen"))
    if web.key and not web.certificate:
        yield Fault(("web", "key"), "is of no use without web.certificate", ("web", "key"))


def _orders(settings: Settings) -> Iterator[Fault]:
    for lower, upper, why in _ORDERS:
        least, most = _at(settings, lower), _at(settings, upper)
        if least > most and (lower != _STALE_AFTER or settings.cache.stale):
            text = f"is {shown(least)}, more than {key(upper)}, {shown(most)}: {why}"
            yield Fault(lower, text, upper)


def _at(settings: Settings, place: tuple[str, str]) -> Any:
    return getattr(getattr(settings, place[0]), place[1])


def _vantages(settings: Settings) -> Iterator[Fault]:
    taken: dict[str, Path] = {}
    points: list[tuple[str, tuple[Elsewhere, ...]]]
    points = [("tap", settings.tap), ("follow", settings.follow)]
    named = [((section, n, "name"), one) for section, some in points for n, one in enumerate(some)]
    for path, one in named:
        first = taken.setdefault(one.name, path)
        if not re.fullmatch("[a-z0-9][a-z0-9-]{0,31}", one.name):
            text = "expected lower-case letters, digits and -, 32 at most"
            yield Fault(path, f"is {shown(one.name)}: {text}")
        elif first != path:
            text = "each vantage point has its own name"
            yield Fault(path, f"is {shown(one.name)}, as is {key(first)}: {text}", first)


def _events(settings: Settings) -> Iterator[Fault]:
    told = [sink.to for sink in settings.events]
    for place, sink in enumerate(settings.events):
        path: Path = ("events", place)
        if sink.to in told[:place]:
            first = key(("events", told.index(sink.to)))
            text = f"is {shown(sink.to)}, as in {first}: put the kinds of both into one `about`"
            yield Fault((*path, "to"), text)
        yield from _sink(path, sink)
        if sink.to.scheme == "mailto" and not settings.bay.release.smarthosts:
            text = f"is {shown(sink.to)}, and bay.release.smarthosts names no relay to hand it to"
            yield Fault((*path, "to"), text, ("bay", "release", "smarthosts"))


def _sink(path: Path, sink: Sink) -> Iterator[Fault]:
    """Find keys that are missing where one sink tells, or of no use there."""
    to, where = sink.to, (*path, "to")
    if to.is_webhook and not sink.secret:
        text = "is empty: expected the file with the key that the webhook is signed with"
        yield Fault((*path, "secret"), text, where)
    if to.scheme == "apprise" and not sink.secret:
        text = "is empty: expected the file with the address of the service"
        yield Fault((*path, "secret"), text, where)
    for name, fits, which in (
        ("secret", to.is_webhook or to.scheme == "apprise", "only webhooks and services have one"),
        ("arguments", to.scheme == "command", "only programs take some"),
        ("ca_file", to.is_encrypted, "it is not reached by TLS"),
        ("certificate", to.is_encrypted, "it is not reached by TLS"),
        ("key", bool(sink.certificate), "there is no certificate that it is for"),
        ("form", to.is_for_programs, "programs get JSON, and persons sentences"),
    ):
        if getattr(sink, name) and not fits:
            yield Fault((*path, name), f"is of no use: {which}", where)
    if sink.form == "cef" and to.is_webhook:
        yield Fault((*path, "form"), 'is "cef", which is no JSON: webhooks carry that', where)


def _fleet(settings: Settings) -> Iterator[Fault]:
    fleet = settings.fleet
    if fleet.engine and not (fleet.node and fleet.site):
        missing = "node" if fleet.site else "site"
        yield Fault(("fleet", missing), "is empty: each server of a fleet needs a name of its own")
    if fleet.ca_file and not fleet.engine.is_encrypted:
        yield Fault(("fleet", "ca_file"), "needs an engine with TLS: 'rediss://'")


_CHECKS: Final = (
    _endpoints,
    _vantages,
    _loops,
    _forwards,
    _access,
    _roles,
    _groups,
    _orders,
    _quarantine,
    _bay,
    _web,
    _events,
    _fleet,
)
