"""Names that the site knows itself, and domains that are asked elsewhere."""

from pathlib import Path

from tests import check
from tests.behaviour import answer, plain, silent
from tests.live.site import HASTY, Serve
from tests.upstream import Upstream


def hosts(folder: Path, text: str) -> dict[str, object]:
    """Write a hosts file and give the settings that name it."""
    (folder / "hosts").write_text(text)
    return {"names.hosts": [str(folder / "hosts")]}


def test_local_names_are_answered_here(serve: Serve, tmp_path: Path) -> None:
    """A name in a hosts file is answered without an upstream, forwards and backwards."""
    lines = "192.0.2.7 printer.lan printer\n2001:db8::7 printer.lan\n"
    site = serve(silent, settings=hosts(tmp_path, lines))
    assert check.data(site.ask("Printer.LAN")) == ["192.0.2.7"]
    assert check.data(site.ask("printer")) == ["192.0.2.7"]
    assert check.data(site.ask("printer.lan", "AAAA"), "AAAA") == ["2001:db8::7"]
    assert check.data(site.ask("7.2.0.192.in-addr.arpa", "PTR"), "PTR") == ["printer.lan."]
    assert site.upstream.asked == []


def test_a_local_name_hides_all_its_types(serve: Serve, tmp_path: Path) -> None:
    """A local name without the type asked for is an empty answer, never upstream's."""
    site = serve(settings=hosts(tmp_path, "192.0.2.7 printer.lan\n"))
    response = site.ask("printer.lan", "AAAA")
    check.noerror(response)
    assert check.data(response, "AAAA") == []
    assert site.upstream.asked == []


def test_a_changed_hosts_file_is_noticed(serve: Serve, tmp_path: Path) -> None:
    """After a reload the names of the file as it is now are answered."""
    settings = hosts(tmp_path, "192.0.2.7 printer.lan\n")
    site = serve(settings=settings)
    assert check.data(site.ask("printer.lan")) == ["192.0.2.7"]
    hosts(tmp_path, "192.0.2.8 printer.lan\n")
    site.reload(settings)
    check.eventually(lambda: check.data(site.ask("printer.lan")) == ["192.0.2.8"])


def test_a_domain_can_be_asked_elsewhere(serve: Serve) -> None:
    """Names of a forwarded domain go to its own upstream, all others to the general one."""
    with Upstream(answer("A 192.0.2.99")) as inner:
        forward = [{"domain": "corp.example", "servers": [inner.url]}]
        site = serve(plain, settings={"forward": forward})
        for name in ("corp.example", "Deep.Corp.Example"):
            assert check.data(site.ask(name)) == ["192.0.2.99"]
        check.noerror(site.ask("notcorp.example"))
        assert inner.names() == ["corp.example.", "deep.corp.example."]
        assert site.upstream.names() == ["notcorp.example."]


def test_the_closest_domain_wins(serve: Serve) -> None:
    """Where two forwarded domains fit, the longer one is meant."""
    with Upstream(answer("A 192.0.2.1")) as outer, Upstream(answer("A 192.0.2.2")) as inner:
        forward = [
            {"domain": "example", "servers": [outer.url]},
            {"domain": "deep.example", "servers": [inner.url]},
        ]
        site = serve(silent, settings={"forward": forward})
        assert check.data(site.ask("www.example")) == ["192.0.2.1"]
        assert check.data(site.ask("www.deep.example")) == ["192.0.2.2"]


def test_a_forwarded_domain_never_leaks(serve: Serve) -> None:
    """When a domain's own upstream is dead, the general one is not asked instead."""
    with Upstream() as inner:
        inner.stop()
        forward = [{"domain": "corp.example", "servers": [inner.url]}]
        site = serve(settings={"forward": forward, **HASTY})
        check.servfail(site.ask("secret.corp.example"))
        assert site.upstream.asked == []
