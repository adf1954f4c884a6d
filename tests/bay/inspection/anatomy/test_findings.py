"""What there is to say about a message."""

from dnswatch.bay.inspection.anatomy.findings import MOST, Findings, shown


def test_only_the_first_few_are_told() -> None:
    """A message with thousands of programs has a short reason all the same."""
    found = Findings()
    for number in range(1000):
        found.add("programs", (f"{number}.exe",), "runs")
    assert len(found.anatomy("", "").programs) == MOST == found.count


def test_file_is_named_with_its_archives() -> None:
    """A file in an archive is told with where it lies."""
    found = Findings()
    found.add("programs", ("a.zip", "b.exe"), "runs")
    assert found.anatomy("", "").programs == ("'b.exe' in 'a.zip' runs",)


def test_name_can_hide_nothing() -> None:
    """Control characters and turned writing in a name are shown, and a long name is cut."""
    assert shown("a\x1b[2J\u202e.exe") == "'a\\u001b[2J\\u202e.exe'"
    assert len(shown("a" * 10_000)) < 200
