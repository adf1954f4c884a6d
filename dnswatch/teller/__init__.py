"""The teller: tells files, syslog servers and webhooks what the log of changes tells.

A supervised process of its own; nobody waits for it.  What it tells stands in the store's table
`change`, written in the transaction of the change itself; each sink has a cursor there.

Rules of this room: at least once, in order, to each sink for itself; a sink that is away loses
nothing but what retention lets go of meanwhile, and that is counted and told.
"""
