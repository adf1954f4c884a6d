"""Running: simulated time over the very same watch, detector, policies and arbiter.

loop         simulated time
resolver     the site's DNS server: cache, watch and arbiter, in the order of a worker's
post         how a mail travels: lookups, connection, delivery
web          what people browse, counted by hour or each lookup by itself
truth        what really happened: infections, mails, verdicts
"""
