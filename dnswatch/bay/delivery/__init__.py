"""Delivery: a message that was released goes on to the exchange of each recipient, unchanged.

    lookups     what upstreams say of a domain, unrewritten
    ourselves   to which addresses no mail is sent
    routes      from a domain to the exchanges that take its mail, in order
    session     one message to one exchange
    backoff     when a delivery that did not succeed is tried again
    rounds      one round for one message: its recipients by route, and what each exchange said
    courier     the queue: what is released, now and again until it is done
    lanes       how many sessions there may be at a time, in all and with one exchange

A recipient's delivery is written to the record before it begins and after it ends, so that a
message is never lost, and never sent twice without a trace.
"""
