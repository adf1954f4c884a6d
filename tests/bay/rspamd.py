"""A real rspamd with rules of our own, without a network: what is cheap is spam."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests import loopback
from tests.bay.daemon import running
from tests.check import PATIENCE
from tests.live.tools import need

SPAM = "Everything is cheap today"
"""A subject of a message that this rspamd rejects."""

DUBIOUS = "Everything is dear today"
"""A subject of a message that this rspamd would mark."""

PROFILE = "outbound"
"""The ID of its settings for outbound mail."""

_RULES = """
local function rule(name, score, holds)
  rspamd_config:register_symbol{name = name, score = score, callback = holds}
end
local function subject(word)
  return function(task) return (task:get_subject() or ''):find(word) ~= nil end
end
rule('CHEAP', 20, subject('cheap'))
rule('DEAR', 7, subject('dear'))
rule('TOLD_ADDRESS', 0.1, function(task)
  local ip = task:get_ip()
  return ip ~= nil and ip:is_valid()
end)
rule('TOLD_ENVELOPE', 0.2, function(task)
  return task:get_helo() == 'pc7' and #(task:get_recipients('smtp') or {}) == 2
    and (task:get_from('smtp') or {{}})[1].addr == 'somebody@there.example'
end)
"""

_CONFIGURATION = """
options {{
  pidfile = "{folder}/rspamd.pid";
  control_socket = "{folder}/control.sock mode=0600";
  hs_cache_dir = "{folder}/";
  cache_file = "{folder}/symbols.cache";
  tempdir = "{folder}";
  url_tld = "{folder}/suffixes";
  filters = "";
  dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }}
}}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; level = "warning"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; mime = true; }}
actions {{ reject = 15; add_header = 6; greylist = 4; }}
lua = "{folder}/rules.lua";
"""


@contextmanager
def rspamd(folder: Path) -> Iterator[str]:
    """Run rspamd and give its URL; skip the test where it is not installed."""
    program = need("rspamd")
    (folder / "rules.lua").write_text(_RULES)
    # The list that it ships with takes ten seconds to compile.
    (folder / "suffixes").write_text("com\nnet\norg\nexample\n")
    with loopback.reserve() as holder:
        port = holder.getsockname()[1]
        path = folder / "rspamd.conf"
        path.write_text(_CONFIGURATION.format(folder=folder, port=port))
        url = f"http://127.0.0.1:{port}"
        arguments = [program, "--no-fork", "--insecure", "--config", str(path)]
        with running(arguments, lambda: _pongs(url), str(folder / "rspamd.out")):
            yield url


def _pongs(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/ping", timeout=PATIENCE, trust_env=False).is_success
    except httpx2.HTTPError:
        return False
