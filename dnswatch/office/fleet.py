"""The fleet in words: who leads, who follows, and what is wrong; for `status` and the console."""

from dnswatch.fleet.view import SKEWED, FleetView
from dnswatch.office.text import many, moment, span


def headline(view: FleetView) -> str:
    """Say in one line what this node's part is."""
    me = f"node {view.node} of the fleet {view.site}"
    if view.leader is None:
        return f"{me}: nobody is known to lead"
    since = f" since {moment(view.leads_since)}" if view.leads_since is not None else ""
    if view.leader == view.node:
        return f"{me} leads{since}"
    return f"{me} follows {view.leader}, which leads{since}"


def warnings(view: FleetView, now: float) -> list[str]:
    """Say what is wrong; nothing where all is well."""
    found = []
    if view.apart_since is not None:
        kept = many(view.kept, "batch", "batches")
        found.append(
            f"apart for {_span(now - view.apart_since)}, {kept} kept:"
            f" the engine at {view.engine} cannot be reached"
        )
    if view.lost:
        found.append(
            f"{many(view.lost, 'batch', 'batches')} made room for others before the engine was back"
        )
    if view.trouble:
        found.append(view.trouble)
    if view.apart_since is None and not view.trouble and view.leader is None:
        found.append("no node leads: one does within 15 seconds, wherever dnswatch serves")
    for node in view.nodes:
        if abs(node.skew) > SKEWED:
            found.append(
                f"the clock of node {node.name} is {abs(node.skew):.1f} s"
                f" {'ahead of' if node.skew > 0 else 'behind'} the engine's: let NTP set both"
            )
        if node.behind is None:
            found.append(f"node {node.name} has no copy of the records yet")
    return found


def _span(seconds: float) -> str:
    """Write how long something lasts: `40 s`, `3 min`."""
    return span(int(seconds)) if seconds >= 60 else f"{max(0, int(seconds))} s"
