"""Containers: whether all that a message holds could be looked into."""

from dnswatch.bay.inspection.inspector import Case, Said


class Containers:
    """What was closed on purpose is suspicious, what is beyond our means is not scanned."""

    name = "containers"

    async def look(self, case: Case) -> Said:
        """Tell what stayed closed."""
        anatomy = case.anatomy()
        if anatomy.sealed:
            return "suspicious", "; ".join(anatomy.sealed)
        if anatomy.unseen:
            return "not-scanned", "; ".join(anatomy.unseen)
        return "clean", "all parts and archives were opened"
