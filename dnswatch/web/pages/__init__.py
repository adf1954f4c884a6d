"""Pages: what each shows, read from one moment's records; and the orders that it takes.

A page is a value: a template makes HTML of it, and `/api/1` JSON.  Times are Unix seconds.
"""
