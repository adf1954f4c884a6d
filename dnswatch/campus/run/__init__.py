"""Running: simulated time over the very same watch, detector, policies and arbiter.

loop       simulated time
resolver   the site's DNS server: cache, watch and arbiter, in the order of a worker's
post       how a mail travels: lookups, connection, delivery
truth      what really happened: infections, mails, verdicts
"""
