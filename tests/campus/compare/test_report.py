"""The report is one page that needs nothing else."""

from dnswatch.campus.compare.catalogue import defence
from dnswatch.campus.compare.report import page
from dnswatch.campus.compare.results import Results
from tests.campus.compare.lines import LINES


def test_the_page_holds_plots_tables_and_the_command() -> None:
    """And loads nothing from elsewhere."""
    text = page(Results(LINES, [defence("nothing"), defence("quarantine")]), "dnswatch <campus>")
    assert text.count("<svg") == 2
    assert text.count("<table") == 6
    assert "dnswatch &lt;campus&gt;" in text
    assert "src=" not in text
