"""Names: who is who at the site, and the names that the site gives itself.

May open files and the kernel's tables, and ask upstreams; everything it reads was written by
others, so every reader is bounded, counts what it cannot read, and raises nothing.

Words: a *machine* is known by its MAC address; a *name* is a host name in lower case, cleaned of
all that cannot stand in one; addresses are packed (4 or 16 bytes).
"""
