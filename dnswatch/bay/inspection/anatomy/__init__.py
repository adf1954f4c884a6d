"""What a message is made of: its parts decoded, and the archives in it opened, within bounds.

Dissection is pure.  What is one plain text is looked at in the bay itself (`dissect_text`); of all
else `anatomist` has it run in a process of its own: a message that takes too long or too much
memory is given up by killing that process, and nothing else suffers.
"""

from dnswatch.bay.inspection.anatomy.anatomist import Anatomist, DissectionError
from dnswatch.bay.inspection.anatomy.findings import Anatomy

__all__ = ["Anatomist", "Anatomy", "DissectionError"]
