"""An entry of the site cache, as it is told and stored."""

import msgspec


class CacheEntry(msgspec.Struct, array_like=True, gc=False):
    """One life of an address in the site cache, from new to expire."""

    expiry: float
    "The moment its life ends, Unix seconds."
    first_seen: float
    "The moment it was new, Unix seconds."
    refreshes: int = 0
    "How often upstream sent it again in this life."
    hits: int = 0
    "How often a worker gave it without asking upstream in this life, as far as lookups were kept."
