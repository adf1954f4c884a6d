"""Settings: all that a site can say to dnswatch.

`read(text, where)` turns a TOML text into `Settings` or raises one `SettingsError` that names file,
line, key and what would be right; `combine(source)` does the same and then lets the command line
speak.  Nothing is opened here: whoever starts dnswatch reads the files.
"""

from dnswatch.addresses import Address
from dnswatch.settings.bay import Bay, Inspect
from dnswatch.settings.checks import is_own
from dnswatch.settings.events import EventDestination, Sink
from dnswatch.settings.faults import Fault
from dnswatch.settings.fleet import EngineUrl, Fleet, FleetName
from dnswatch.settings.reading import combine, read, read_as
from dnswatch.settings.remote import Daemon, UnixSocket, Url
from dnswatch.settings.resolv_conf import resolv_conf_servers
from dnswatch.settings.sections import (
    Access,
    Cache,
    Forward,
    Ingest,
    Limits,
    Names,
    Policies,
    Privacy,
    Quarantine,
    Records,
    Roles,
    Serve,
    Settings,
    Upstream,
    WebConsole,
)
from dnswatch.settings.source import Source, decode, encode
from dnswatch.settings.table import Range
from dnswatch.settings.units import (
    Domain,
    Duration,
    Endpoint,
    Host,
    MailEndpoint,
    Network,
    Server,
    Size,
    Subnet,
)
from dnswatch.settings.vantages import Follow, Gate, Tap

__all__ = [
    "Access",
    "Address",
    "Bay",
    "Cache",
    "Daemon",
    "Domain",
    "Duration",
    "Endpoint",
    "EngineUrl",
    "EventDestination",
    "Fault",
    "Fleet",
    "FleetName",
    "Follow",
    "Forward",
    "Gate",
    "Host",
    "Ingest",
    "Inspect",
    "Limits",
    "MailEndpoint",
    "Names",
    "Network",
    "Policies",
    "Privacy",
    "Quarantine",
    "Range",
    "Records",
    "Roles",
    "Serve",
    "Server",
    "Settings",
    "Sink",
    "Size",
    "Source",
    "Subnet",
    "Tap",
    "UnixSocket",
    "Upstream",
    "Url",
    "WebConsole",
    "combine",
    "decode",
    "encode",
    "is_own",
    "read",
    "read_as",
    "resolv_conf_servers",
]
