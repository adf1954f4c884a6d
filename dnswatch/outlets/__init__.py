"""Outlets: the ways on which something is told to others: the teller's events, the bay's notices.

outlet     what is sent, and what an outlet must do
keyfile    what only the service may read: a webhook's key, the addresses of services
file       lines in a file that others rotate
syslog     RFC 5424 over UDP, TCP and TLS
webhook    HTTP requests, signed as Standard Webhooks has it
command    a program that reads it on its standard input
services   Apprise's: chat, SMS, push

Each says with an `EventError` that something was not taken.  What is known once `send` returns: a
file's line is on the disk; a TCP peer's kernel has acknowledged the message; a webhook has answered
2xx; a command has ended with 0; of a datagram nothing is known.
"""
