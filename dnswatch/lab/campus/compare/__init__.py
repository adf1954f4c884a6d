"""The comparison: all defences on the same days.

judges     all defences by name; finders in the place of dnswatch's detector
measure    one run in numbers, and what a throttle does to people's pages
runs       the runs of one seed: one honest past, and a future for each worm and defence
seeds      many seeds in parallel, progress, and what is finished when it is broken off
results    all runs, to be asked for means with confidence intervals
table      their numbers in rows
report     one HTML page with plots, and the tables in a page of the docs
"""
