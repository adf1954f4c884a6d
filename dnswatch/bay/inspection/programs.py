"""Programs: what a message brings that runs when a person opens it."""

from dnswatch.bay.inspection.inspector import Case, Said


class Programs:
    """A program is suspicious; one whose name hides that it is one, no person sends."""

    name = "programs"

    async def look(self, case: Case) -> Said:
        """Tell the programs, those in archives too."""
        anatomy = case.anatomy()
        if anatomy.disguised:
            return "worm", "; ".join(anatomy.disguised)
        if anatomy.programs:
            return "suspicious", "; ".join(anatomy.programs)
        return "clean", "no programs"
