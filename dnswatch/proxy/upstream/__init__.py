"""Transports: one class each, all with the same two methods, `ask` and `close`.

transport   what all of them have in common
ports       random source ports
udp         a socket for each handful of questions; TCP where an answer is cut or may be forged
kept        a connection that is kept, and how it ends
stream      TCP and TLS
https       DNS over HTTPS
build       from settings to transports
"""
