"""resolv.conf: the upstreams that the machine itself would use (resolv.conf(5))."""

from dnswatch.settings.units import Server


def resolv_conf_servers(text: str) -> tuple[Server, ...]:
    """Read the `nameserver` lines; everything else, and every line that is broken, is ignored."""
    found: dict[Server, None] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2 or words[0] != "nameserver" or "/" in words[1]:
            continue
        try:
            found[Server(words[1])] = None
        except ValueError:
            continue
    return tuple(found)
