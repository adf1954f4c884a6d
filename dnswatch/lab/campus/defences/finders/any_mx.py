"""Any MX question: a client has no business to ask one.

Whyte, van Oorschot, Kranakis, "Addressing SMTP-based Mass-Mailing Activity within Enterprise
Networks" (ACSAC 2006): an MX question by a machine that is no mail server is an alarm.
"""

from dnswatch.lab.campus.defences.acts import Asked


class AnyMx:
    """Stateless: found at the first MX question; blind to worms that ask A questions only."""

    def asked(self, lookup: Asked) -> bool:
        """Take in a lookup."""
        return lookup.is_mx
