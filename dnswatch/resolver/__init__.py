"""The resolver's core: what a client gets, and when, without a socket, a clock, chance or a log.

access    who is answered, and who is recorded
rates     how many queries a second one client gets answered
cookies   which clients are proven to be where they say
packets   the packet cache: answers that need no thought, by the bytes of the query
cache     the answer cache
local     names of the hosts files
special   names that must not leave the site
health    how an upstream does
arbiter   marks, and what they decide on a lookup and its answer
decision  the decision by one mark
rewrite   the answer that leads to the holding bay
"""
