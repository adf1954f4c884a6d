"""Queue: what is done with mail once it is kept.

index         by which messages are found
orders        what persons decide, in a line to the record
view          what persons see of a message, and exports
system_mail   mail that the bay itself writes
notices       what a person at the site is told
retention     what is let go, and when
manager       all of it together, beside the server
"""
