"""What a configuration needs of the machine: told by name where it is not there."""

from pathlib import Path

from dnswatch.serve.surroundings import lacking
from dnswatch.settings import read


def found(text: str) -> list[str]:
    return list(lacking(read("names.hosts = []\n" + text, "test")))


def test_a_machine_that_has_it_all_lacks_nothing(tmp_path: Path) -> None:
    """Files that can be read, and addresses that are its own."""
    (tmp_path / "leases").write_text("")
    assert found(f'names.leases = ["{tmp_path / "leases"}"]') == []


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """Each by its setting, with the system's reason."""
    text = f'names.leases = ["{tmp_path / "none"}", "{tmp_path}"]'
    assert [line.rpartition(": ")[2] for line in found(text)] == [
        "No such file or directory",
        "Is a directory",
    ]
    assert all(line.startswith("names.leases: cannot read") for line in found(text))


def test_addresses_of_other_machines_are_named() -> None:
    """Where clients are to ask, and where the bay is to take mail."""
    listen = 'serve.listen = ["127.0.0.1:5353", "192.0.2.1:53"]'
    assert found(listen) == ["serve.listen: 192.0.2.1 is no address of this machine now"]
    bay = 'bay.enabled = true\nbay.listen = ["[2001:db8::25]:25"]'
    assert found(bay) == ["bay.listen: 2001:db8::25 is no address of this machine now"]


def test_what_other_vantage_points_need_is_named() -> None:
    """The directory of their socket, and the users who may come in."""
    text = (
        'ingest.listen = "unix:/nowhere/at/all.sock"\ningest.users = ["root", "nobody-at-all", "7"]'
    )
    assert found(text) == [
        "ingest.users: this machine knows no user 'nobody-at-all'",
        "ingest.listen: there is no directory '/nowhere/at'",
    ]
