"""The office: what persons ask and order, by whichever door they come: the commands or the console.

It finds out who is meant, what is thought of clients, what policies would do, and what became of
held mail; and it is the one place that gives orders.  It prints nothing and knows no browser.
"""
