"""What a DNS message is: parse a query, read a response once, build what dnswatch says itself.

Bytes in, bytes out.  Imports nothing of dnswatch but `errors`.
"""
