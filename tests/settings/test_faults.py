"""What an admin is told about a wrong setting."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.settings import read

WRONG = {
    "[serve]\n\nwrokers = 2": "line 3: serve.wrokers is no setting; did you mean workers?",
    "[serv]": "line 1: serv is no setting; did you mean serve?",
    "workers = 2": "line 1: workers is no setting; did you mean serve.workers?",
    "[upstream]\nservers=[]\nlisten=[]": "line 3: upstream.listen is no setting;"
    " did you mean serve.listen or ingest.listen or bay.listen or web.listen?",
    "[privacy]\nx = 1": "line 2: privacy.x is no setting; privacy has pseudonyms, leave_out",
    '[serve]\nworkers = "two"': 'line 2: serve.workers is "two":'
    " expected a whole number from 1 to 64",
    "[serve]\nworkers = 0": "line 2: serve.workers is 0: expected a whole number from 1 to 64;"
    " each is a process with a cache of its own",
    f"[serve]\nworkers = 0x{'f' * 5000}": "line 2: serve.workers is a huge number:",
    '[serve]\nlisten = [\n  "127.0.0.1:53",\n  "a:1",\n]': 'line 4: serve.listen[1] is "a:1":'
    ' expected ADDRESS:PORT like "127.0.0.1:53" or "[::1]:53"',
    '[serve]\nlisten = "127.0.0.1:53"': 'line 2: serve.listen is "127.0.0.1:53": expected a list,',
    "serve = 3": "line 1: serve is 3: expected a table",
    "forward = 3": "line 1: forward is 3: expected a list, each a table",
    '[upstream]\nstrategy = "fast"': 'line 2: upstream.strategy is "fast":'
    ' expected "fastest" or "ordered"',
    "[upstream]\ndeadline = 5": "line 2: upstream.deadline is 5: expected a duration like",
    '[upstream]\ndeadline = "1h"': 'line 2: upstream.deadline is "1h": expected a duration',
    '[upstream]\nservers = ["udp://dns.example"]': "line 2: upstream.servers[0] is"
    ' "udp://dns.example": expected an address: udp upstreams have no name to look up',
    "[upstream]\nservers = [9]": "line 2: upstream.servers[0] is 9: expected an upstream like",
    '[[forward]]\ndomain = "a.example"\nservers = ["192.0.2.1"]\n'
    '[[forward]]\ndomain = "b.example"': "line 4: forward[1] lacks servers: expected a list",
    '[[forward]]\ndomain = "a.example"\nservers = []': "line 3: forward[0].servers is an empty"
    " list: expected a list of at least one",
    "[access]\nnetworks = []": "line 2: access.networks is an empty list: expected a list of at",
    "[cache]\nsize = true": 'line 2: cache.size is true: expected a size like "64MB" or "1GiB"',
    '[names]\nneighbours = "yes"': 'line 2: names.neighbours is "yes": expected true or false',
    '[names]\nhosts = [""]': 'line 2: names.hosts[0] is "": expected a text in quotation marks,',
    "[privacy]\npseudonyms = 2026-01-01": 'line 2: privacy.pseudonyms is "2026-01-01": expected',
    '[groups]\na = ["192.0.2.0/24"]\nb = [\n  "lab",\n]': 'line 4: groups.b[0] is "lab": expected a'
    " network like",
    "[groups]\na = {}": "line 2: groups.a is a table: expected a list, each a network like",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:40])
def test_error_names_file_line_key_and_mend(text: str) -> None:
    """An error names the file, the line, the key, what is wrong and what would be right."""
    with pytest.raises(SettingsError) as caught:
        read(text, "dnswatch.toml")
    assert str(caught.value).startswith("dnswatch.toml")
    assert WRONG[text] in str(caught.value)
