"""Whom we ask: one class a transport, all with the same two methods, `ask` and `close`.

transport   what all of them have in common
health      round-trip time, failures, up or down
ports       random source ports
udp         a socket for each handful of questions; TCP where an answer is cut or may be forged
kept        a connection that is kept, and how it ends
stream      TCP and TLS
https       DNS over HTTPS
edns        how a question is asked again where EDNS is not understood
group       which upstream is asked first, and which for which domain
build       from settings to upstreams and routes
"""
