"""The comparison: all defences on the same days.

judges     finders in the place of dnswatch's detector: what they say leads to the same quarantine
catalogue  all defences by name, dnswatch's own policies among them
measure    one run in numbers
surfing    what a throttle does to people's pages
runs       the runs of one seed: one honest past, and a future for each worm and defence
board      many seeds in parallel, progress, and what is finished when it is broken off
interval   means over seeds with their confidence intervals
results    all runs, to be asked for means
table      their numbers in rows
report     one HTML page with plots
page       the tables in a page of the docs
"""
