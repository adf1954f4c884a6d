"""The desk: what is done with mail once it is kept.

index, rows   by which messages are found
orders        what persons decide, in a line to the record
own           mail that the bay itself writes
failures      what a local sender is told of a message that failed
notices       what a person at the site is told
retention     what is let go, and when
desk          all of it together, beside the server
"""
