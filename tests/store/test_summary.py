"""The summary: addresses become machines, and each is compared with its like."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.role import Role
from dnswatch.store.clients import Client
from dnswatch.store.summary import (
    Account,
    Grid,
    Machine,
    accounts,
    compare,
    machines,
    others_of,
    ranked,
)


def client(
    number: int, name: str | None = None, machine: str | None = None, source: str = "leases"
) -> Client:
    return Client(
        number, f"192.0.2.{number}", 100.0 * number, 200.0 * number, name, machine, source
    )


def nobody_special(key: str) -> Role:
    return Role.CLIENT


def account(number: int, role: Role = Role.CLIENT, **measures: int) -> Account:
    return Account(Machine((client(number),), role), Counter(measures))


def joined(*clients: Client) -> set[frozenset[int]]:
    return {frozenset(machine.ids) for machine in machines(clients, nobody_special)}


def test_addresses_with_one_mac_are_one_machine() -> None:
    """IPv4 and IPv6 addresses of one MAC address are one machine, others are not."""
    found = joined(client(1, machine="a"), client(2, machine="b"), client(3, machine="a"))
    assert found == {frozenset({1, 3}), frozenset({2})}


def test_a_name_of_the_hosts_file_joins() -> None:
    """A name that the site declares makes its addresses one machine, in any case of letters."""
    found = joined(client(1, "Mail", source="hosts"), client(2, "mail", source="hosts"))
    assert found == {frozenset({1, 2})}


def test_a_name_that_a_machine_gave_itself_joins_nothing() -> None:
    """Two telephones that both call themselves `iphone` stay two."""
    assert joined(client(1, "iphone"), client(2, "iphone")) == {frozenset({1}), frozenset({2})}


def test_joins_reach_through() -> None:
    """An address that shares a MAC with one and a name with another joins all three."""
    found = joined(
        client(1, machine="a"),
        client(2, "box", machine="b", source="hosts"),
        client(3, "box", machine="a", source="hosts"),
    )
    assert found == {frozenset({1, 2, 3})}


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12))
def test_each_client_is_in_exactly_one_machine(macs: list[str]) -> None:
    """Joining loses no client and counts none twice."""
    found = machines([client(n, machine=mac) for n, mac in enumerate(macs)], nobody_special)
    assert sorted(number for machine in found for number in machine.ids) == list(range(len(macs)))
    assert len(found) == len(set(macs))


def test_a_machine_is_seen_from_first_to_last() -> None:
    """A machine's time goes over all its addresses, and its latest address comes first."""
    [machine] = machines([client(1, machine="a"), client(2, "tv", machine="a")], nobody_special)
    assert (machine.first_seen, machine.last_seen) == (100.0, 400.0)
    assert machine.keys == ("192.0.2.2", "192.0.2.1")
    assert machine.name == "tv"


def test_one_declared_address_gives_the_machine_its_role() -> None:
    """A mail server is one under all its addresses, though only one was declared."""
    [machine] = machines(
        [client(1, machine="a"), client(2, machine="a")],
        lambda key: Role.MAIL_SERVER if key == "192.0.2.1" else Role.CLIENT,
    )
    assert machine.role == Role.MAIL_SERVER


def test_an_account_sums_its_addresses_and_counts_names_once() -> None:
    """Counts of a machine's addresses add up; a mail domain asked for from both counts once."""
    found = machines([client(1, machine="a"), client(2, machine="a"), client(3)], nobody_special)
    totals = {
        1: Counter({"lookup": 3, "mail:mx": 1, "rcode:NOERROR": 2, "rcode:NXDOMAIN": 1}),
        2: Counter({"lookup": 4, "mail:guess": 2, "rcode:NOERROR": 4}),
    }
    [account] = accounts(found, totals, {1: {"a.example", "b.example"}, 2: {"b.example"}}, {})
    assert account.measures["lookup"] == 7
    assert account.measures["mail"] == 3
    assert account.measures["mail-domains"] == 2
    assert account.measures["failures"] == 1


def test_mail_counts_before_all() -> None:
    """The ranking goes by mail-related lookups, then by lookups."""
    many, mail, little = account(1, lookup=900), account(2, lookup=5, mail=2), account(3, lookup=7)
    assert ranked([little, many, mail]) == [mail, many, little]


def test_a_client_is_compared_with_others_of_its_role() -> None:
    """The median is that of the other clients of the role: not of itself, not of the servers."""
    me = account(1, lookup=100)
    others = [account(2, lookup=1), account(3, lookup=3), account(4, lookup=20)]
    server = account(5, Role.MAIL_SERVER, lookup=5000)
    group = others_of([me], [me, *others, server])
    assert group == others
    first = compare([me], group)[0]
    assert (first.measure, first.count, first.each, first.others) == ("lookup", 100, 100.0, 3.0)


def test_the_only_one_of_its_role_has_no_median() -> None:
    """Where there is nobody to compare with, no number is invented."""
    assert {each.others for each in compare([account(1, lookup=1)], [])} == {None}


@given(
    first=st.integers(0, 10**6).map(lambda minute: minute * 60),
    minutes=st.integers(0, 100_000),
    count=st.integers(1, 50),
)
def test_a_grid_covers_its_time(first: int, minutes: int, count: int) -> None:
    """Every start falls into one of at most `count` intervals, of whole minutes."""
    last = first + minutes * 60
    grid = Grid.over(first, last, count)
    assert 1 <= grid.count <= count
    assert grid.width % 60 == 0
    assert grid.begin == first
    assert grid.end - grid.width <= last < grid.end
