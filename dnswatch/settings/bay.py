"""The settings of the holding bay: the SMTP server, what inspects its mail, and what comes after.

Whether clients may be diverted to it at all, and to which addresses, stands in `[quarantine]`.
"""

from typing import Annotated, Literal

from dnswatch.settings.table import File, Range, Table
from dnswatch.settings.units import Domain, Duration, MailEndpoint, Size, Subnet

Fate = Literal["release", "defer", "hold", "discard"]
"""What becomes of a message: sent on; kept, and the client told to try again; kept; thrown away."""


class Tls(Table, frozen=True):
    """STARTTLS (RFC 3207): mail servers encrypt to whatever certificate the bay has (RFC 7435)."""

    offer: bool = True
    "Offer STARTTLS."
    certificate: str = ""
    "File with the certificate (PEM, with its chain); none means one that the bay makes itself."
    key: str = ""
    "File with its key (PEM); none means that the certificate's file holds it too."


class BayLimits(Table, frozen=True):
    """Bounds on what a client can make the bay bear; above them it is told to come again (4xx)."""

    size: Annotated[Size, Range("64kB", "2GB", "RFC 5321 section 4.5.3.1.7 demands 64 kB")] = Size(
        50_000_000
    )
    "Bytes of a message; larger ones are refused with 552, as their exchange would most likely do."
    recipients: Annotated[
        int, Range(100, 100_000, "RFC 5321 section 4.5.3.1.8 demands a hundred")
    ] = 100
    "Recipients of a message; further ones get 452 and come with another message."
    connections: Annotated[int, Range(1, 100_000, "each is an open file and 100 kB")] = 500
    "Connections at a time; further ones get 421."
    connections_per_client: Annotated[int, Range(1, 100_000, "a client needs one")] = 20
    "Connections of one client at a time; further ones get 421."
    messages: Annotated[int, Range(1, 1_000_000, "a connection is for a message")] = 100
    "Messages of one connection; then 421, and the client may connect anew."
    rate: Annotated[int, Range(1, 1_000_000, "none at all would refuse everybody")] = 120
    "Messages of one client in a minute; further ones get 450."
    faults: Annotated[int, Range(1, 10_000, "anybody may err once")] = 20
    "Commands of one connection that were refused; then 421."
    idle: Annotated[
        Duration, Range("1s", "1h", "RFC 5321 section 4.5.3.2.7 asks for five minutes")
    ] = Duration(300.0)
    "A connection that is silent for so long is closed."
    session: Annotated[
        Duration, Range("1m", "1d", "a large message on a slow line takes its time")
    ] = Duration(3600.0)
    "A connection is closed after so long, whatever it does."
    room: Annotated[Size, Range("0", "100TB", "0 fills the disk to its last byte")] = Size(
        200_000_000
    )
    "Bytes that stay free on the disk of the spool; what would not fit gets 452."


class Fates(Table, frozen=True):
    """What becomes of a message, by the verdict on it.

    `release` and `hold` are answered 250: the bay has the duty of delivery, or of telling a
    person.  `defer` keeps a copy and is answered 451: a mail server tries again, and is let through
    once the copy is cleared.  `discard` is answered 250 and is mail that nobody ever sees.
    """

    clean: Fate = "release"
    "Every inspector was heard and found nothing."
    unsure: Fate = "defer"
    "Something is suspicious, or was not scanned."
    worm: Fate = "hold"
    "An inspector knows it for a worm."


class Inspect(Table, frozen=True):
    """Who looks at the mail; an inspector that is silent leaves a message unscanned."""

    deadline: Annotated[
        Duration, Range("1s", "5m", "clients wait at most 10 minutes, RFC 5321 section 4.5.3.2.6")
    ] = Duration(30.0)
    "All inspectors are heard by then."
    rspamd: str = ""
    'URL of rspamd\'s normal worker, like "http://127.0.0.1:11333"; none means not asked.'
    clamd: str = ""
    'ClamAV\'s daemon, "ADDRESS:PORT" or the path of its socket; none means not asked.'


class Release(Table, frozen=True):
    """How a message is sent on to its real exchange."""

    smarthost: str = ""
    'Where all mail is handed to, "HOST:PORT"; none means the exchanges of each recipient.'
    domains: tuple[Domain, ...] = ()
    "The site's own mail domains: only a sender there may be told that a message failed."
    give_up: Annotated[
        Duration, Range("1h", "30d", "RFC 5321 section 4.5.4.1 asks for four to five days")
    ] = Duration(5 * 86400)
    "A message that no exchange takes for so long has failed."


class Keep(Table, frozen=True):
    """How long messages are kept."""

    bodies: Annotated[
        Duration, Range("1h", "3650d", "a person must have time to look")
    ] = Duration(14 * 86400)  # fmt: skip
    "A message that nobody decided on is discarded after that."
    records: Annotated[
        Duration, Range("1h", "3650d", "a person must have time to look")
    ] = Duration(30 * 86400)  # fmt: skip
    "What happened to a message is forgotten so long after its body went."
    size: Annotated[Size, Range("1MB", "100TB", "less holds no message")] = Size(10_000_000_000)
    "Bytes of all messages; above, the oldest that are held go first."


class Notify(Table, frozen=True):
    """Whom the bay tells that it took the first mail of a client's quarantine."""

    command: tuple[File, ...] = ()
    "A program and its arguments, run without a shell."
    webhook: str = ""
    "URL that is sent a JSON object."
    mail: str = ""
    "Address of a person at the site."


class Bay(Table, frozen=True):
    """The holding bay: the SMTP server that takes the mail of quarantined clients."""

    enabled: bool = False
    "Run the bay even while no policy that is switched on quarantines."
    listen: tuple[MailEndpoint, ...] = ()
    "Where it takes mail; none means port 25 of `quarantine.addresses`."
    hostname: str = ""
    "What it calls itself to clients and exchanges; none means `quarantine.host`."
    spool: str = ""
    "Directory of the messages; none means `bay` in the state directory."
    grace: Annotated[
        Duration, Range("1m", "7d", "answers that named the bay must have expired")
    ] = Duration(3600.0)  # fmt: skip
    "A client may speak to the bay for so long after its quarantine ended: stubs keep answers."
    open_to: tuple[Subnet, ...] = ()
    "Clients that may always speak to it, for sites that divert them by other means."
    tls: Tls = Tls()
    limits: BayLimits = BayLimits()
    fates: Fates = Fates()
    inspect: Inspect = Inspect()
    release: Release = Release()
    keep: Keep = Keep()
    notify: Notify = Notify()
