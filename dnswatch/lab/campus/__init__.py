"""The campus: a simulated site with planted truth, on which every defence is compared.

    chance      one source of chance for each use, and Zipf's law
    plan        what a campus is: one TOML file; `scenarios/` holds those that come with dnswatch
    calendar    when people work
    site        hosts with addresses and roles
    errands     people's mail habits, and the honest mail errands of hosts
    world       the DNS outside: mail domains, exchanges, web sites, TTLs
    worms/      worms as parameter files, and what an infected host does
    run/        simulated time, the site's resolver, the post, the web, the truth
    campus      all of it together, and what happened in a few lines
    defences/   what dnswatch is compared with
    compare/    all defences on the same days: measures, report, table
    output/     data set, capture, packets on the wire

Nothing of dnswatch is imitated here.  A lookup becomes an `Observation` that the real watch folds,
the real detector judges it, real policies make marks of the verdict, and the worker's own arbiter
decides by them; only the wire and the waiting are left out, as time is simulated.

Rules of this room: chance is a `Random` or a numpy generator seeded by the campus's seed and a name
for its use, so that one use more changes no other; time is the loop's; one seed gives one campus,
to the byte.
"""
