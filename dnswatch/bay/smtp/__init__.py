"""SMTP as the bay speaks it.

access       who may speak, and what the others read
connection   bytes in, answers out, and how long
session      what is said, command by command
path         what MAIL FROM and RCPT TO name
transfer     what DATA brings becomes the message; what could smuggle a second one is found
limits       how many connections, messages and bytes; what strangers cause, counted
server       the sockets, and the certificate
"""
