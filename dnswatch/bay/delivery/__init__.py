"""Delivery: a message that was released goes on to the exchange of each recipient, unchanged.

    routes      from a domain to its exchanges, and to which addresses no mail is sent
    client      one message to one exchange
    attempt     one attempt for one message: its recipients by route, and what each exchange said
    scheduler   what is released, now and again until it is done; how many sessions at a time

A recipient's delivery is written to the record before it begins and after it ends, so that a
message is never lost, and never sent twice without a trace.
"""
