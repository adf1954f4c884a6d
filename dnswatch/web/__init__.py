"""The web console: pages on which persons see what dnswatch sees, and give it orders.

A supervised process of its own; whatever happens to it, DNS goes on.  It reads the store read-only
and gives orders as the commands do (`dnswatch.office`).

Rules of this room: what came from outside is text, shown by `office.text.harmless` and escaped; an
order comes by POST, with a token of the visit; nothing here knows more than the store.
"""
