"""SMTP as the bay speaks it.

content      what DATA brings becomes the message; what could smuggle a second one is found
path         what MAIL FROM and RCPT TO name
door         who may come in, and what others are told
guests       how many connections and messages a client may have
tally        what strangers cause, counted
session      one connection
tls          the certificate
server       the sockets
"""
