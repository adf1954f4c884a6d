"""Machines: clients that share a MAC address or a declared name are judged as one."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.machines import Known, Machines
from dnswatch.model.policies.orders import Orders, Overrule, Word
from dnswatch.model.role import Role

MAC, OTHER = "02:00:5e:10:00:07", "02:00:5e:10:00:99"

names = st.none() | st.sampled_from(("anna", "Anna", "bob"))
macs = st.none() | st.sampled_from((MAC, OTHER, "02:00:5e:10:00:55"))
sites = st.lists(
    st.builds(Known, st.from_regex(r"192\.0\.2\.[0-9]", fullmatch=True), macs, names),
    unique_by=lambda one: one.client,
)


def joined(known: list[Known]) -> set[frozenset[str]]:
    """Join by hand: as long as two groups share a MAC address or a name, they are one."""
    groups = [({one.client}, {one.machine, one.name and one.name.lower()}) for one in known]
    for _ in known:
        for group in groups:
            for other in groups:
                if other is not group and (other[1] & group[1]) - {None}:
                    group[0].update(other[0])
                    group[1].update(other[1])
    return {frozenset(clients) for clients, _ in groups}


@given(sites)
def test_who_shares_a_mac_address_or_a_name_has_one_key(known: list[Known]) -> None:
    """Also by way of a third."""
    machines = Machines(known)
    key = {one.client: machines.key(one.client) for one in known}
    found = {frozenset(client for client in key if key[client] == one) for one in key.values()}
    assert found == joined(known)


@given(st.data())
def test_the_order_in_which_clients_become_known_makes_no_difference(data: st.DataObject) -> None:
    """Keys that the watch wrote and those that a command reads are the same."""
    known = data.draw(sites)
    mixed = data.draw(st.permutations(known))
    assert [Machines(known).key(one.client) for one in known] == [
        Machines(mixed).key(one.client) for one in known
    ]


@given(sites)
def test_a_machine_is_called_by_its_key_whatever_it_was_called_before(known: list[Known]) -> None:
    """A MAC address or name leads to the key of all clients that have it."""
    machines = Machines(known)
    for one in known:
        for handle in (one.machine, one.name and one.name.lower()):
            if handle:
                assert machines.called(handle) == machines.key(one.client)
    assert machines.called("192.0.2.77") == "192.0.2.77"


def test_a_word_on_one_address_is_on_the_machine() -> None:
    """The latest word on any of its clients holds for all, and a role for all of them, too."""
    machines = Machines([Known("a", MAC, None), Known("b", MAC, None), Known("c", None, None)])
    first, last = Overrule(Word.TRUST, 1.0, inf), Overrule(Word.DISTRUST, 2.0, inf)
    orders = machines.said_of(
        Orders(overrules={"a": last, "b": first, "c": first}, roles={"a": Role.SERVER})
    )
    assert orders.overrules == {MAC: last, "a": last, "b": last, "c": first}
    assert orders.roles == {MAC: Role.SERVER, "a": Role.SERVER, "b": Role.SERVER}
