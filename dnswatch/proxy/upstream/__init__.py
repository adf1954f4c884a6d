"""Whom we ask: one class a transport, all with the same two methods, `ask` and `close`.

transport   what all of them have in common
health      round-trip time, failures, up or down
udp         sockets with random source ports; TCP where an answer is truncated
kept        a connection that is kept, and how it ends
stream      TCP and TLS
https       DNS over HTTPS
group       which upstream is asked first, and which for which domain
build       from settings to upstreams and routes
"""
