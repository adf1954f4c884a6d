"""The resolver's core: what a client gets, and when, without a socket, a clock, chance or a log.

    core         what drives it hands over queries and responses, and carries out what comes out
    events       what comes out: answers, questions to upstreams, news for a log
    pending      a query on its way to an answer
    observed     what is seen and counted on the way, until somebody takes it
    deadlines    all that waits for a moment
    writer       an answer in bytes

    access       who is answered, and who is recorded
    rates        how many queries a second one client gets answered
    cookies      which clients are proven to be where they say
    packets      the packet cache: answers that need no thought, by the bytes of the query
    local        names of the hosts files
    special      names that must not leave the site
    cache        the answer cache

    lookups      one question in flight: who waits for it, failover, stale answers, deadline
    ask          how a question is put, and put again without EDNS
    upstreams    whom to ask, by number, and in which order; probes of their health
    health       how an upstream does

    enforcement  what becomes of mail-related answers of marked clients
    arbiter      marks, and what they decide on a lookup and its answer
    decision     the decision by one mark
    askings      when a client asked first
    held         answers that wait
    known        addresses that are no news
    rewrite      the answer that leads to the holding bay

A worker drives it (`proxy/service`), and so do the campus, the dry run of a policy (only the
enforcement point) and the tests: there is no other rule of what a client gets.
"""
