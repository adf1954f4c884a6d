"""The report is one page that needs nothing else."""

from dnswatch.lab.campus.compare.catalogue import defence
from dnswatch.lab.campus.compare.report import page
from dnswatch.lab.campus.compare.results import Results
from tests.lab.campus.compare.lines import LINES


def test_the_page_holds_plots_tables_and_the_command() -> None:
    """And loads nothing from elsewhere."""
    text = page(Results(LINES, [defence("nothing"), defence("quarantine")]), "dnswatch <campus>")
    assert text.count("<svg") == 2
    assert text.count("<table") == 6
    assert "dnswatch &lt;campus&gt;" in text
    assert "src=" not in text
