"""The store: what is kept of a site, in one SQLite file in the state directory.

`Store` writes (one process, one thread at a time) and opens the file for reading; what there is to
read stands in `clients` and `site` (SQL to values) and in `summary` (values to what a report says).
A reader works while the server writes and after it has stopped.

Words: a *start* is the first second of the minute or hour that a count belongs to, Unix seconds.  A
client's *key* is how it stands in the store: its address, or its pseudonym (`~` in front).
"""

from dnswatch.store.store import Identity, Remembered, Store

__all__ = ["Identity", "Remembered", "Store"]
