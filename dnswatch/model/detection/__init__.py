"""What is thought of the clients of a site: evidence, verdicts, and the words that overrule them.

Mail-related lookups come in, classified by the watch; changes of verdicts, surges of declared
servers and warnings of the whole site come out.  Words of this room: a *novel* mail domain is one
that its client has not looked up lately; a *burst* is a run of them; a *bound* is what an honest
client does at most; an *indicator* is a circumstance that is weighed, a *client state* what is kept
of one client, *sitewide* what is kept of all together; the *statistic* is in days, the *score* its
logarithm in nats.
"""
