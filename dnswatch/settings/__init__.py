"""Settings: all that a site can say to dnswatch.

`read(text, where)` turns a TOML text into `Settings` or raises one `SettingsError` that names file,
line, key and what would be right; `combine(source)` does the same and then lets the command line
speak.  Nothing is opened here: whoever starts dnswatch reads the files.
"""

from dnswatch.settings.checks import is_own
from dnswatch.settings.reading import combine, read
from dnswatch.settings.resolv_conf import resolv_conf_servers
from dnswatch.settings.sections import (
    Access,
    Cache,
    Forward,
    Limits,
    Names,
    Privacy,
    Records,
    Roles,
    Serve,
    Settings,
    Upstream,
)
from dnswatch.settings.source import Source, decode, encode
from dnswatch.settings.units import (
    Address,
    Domain,
    Duration,
    Endpoint,
    Network,
    Server,
    Size,
    Subnet,
)

__all__ = [
    "Access", "Address", "Cache", "Domain", "Duration", "Endpoint", "Forward", "Limits", "Names",
    "Network", "Privacy", "Records", "Roles", "Serve", "Server", "Settings", "Size", "Source",
    "Subnet", "Upstream", "combine", "decode", "encode", "is_own", "read", "resolv_conf_servers",
]  # fmt: skip
