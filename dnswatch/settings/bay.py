"""The settings of the holding bay: the SMTP server, what inspects its mail, and what comes after.

Whether clients may be diverted to it at all, and to which addresses, stands in `[quarantine]`.
"""

from typing import Annotated, Literal

from dnswatch.settings.mail import MailAddress, MailHost, MailName
from dnswatch.settings.remote import Daemon, Url
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
    "Each inspector has so long, all of them beside each other; who is silent has not scanned."
    rspamd: Url = Url("")
    'URL of rspamd\'s normal worker, like "http://127.0.0.1:11333"; empty means not asked.'
    rspamd_settings: str = ""
    "ID of rspamd's settings for outbound mail; without it rspamd is not told the client's address."
    clamd: Daemon = Daemon("")
    'ClamAV\'s daemon, "HOST:PORT" or the path of its socket; empty means not asked.'
    unpacked: Annotated[Size, Range("1MB", "1GB", "it is held in memory")] = Size(100_000_000)
    "Bytes that the archives of a message may unpack to; what is beyond is not scanned."
    window: Annotated[
        Duration, Range("1m", "7d", "a worm sends its payload within minutes, and then goes on")
    ] = Duration(3600.0)
    "How far back messages are compared; after a start of dnswatch there is nothing to compare."
    copies: Annotated[int, Range(2, 100, "a single message is no campaign")] = 5
    "As many messages to different people with the same payload are a campaign."
    near_copies: Annotated[int, Range(2, 100, "a single message is no campaign")] = 20
    "As many with nearly the same payload are one, too: a person's with a signature are alike."
    same_sizes: Annotated[int, Range(2, 100, "a single message is no campaign")] = 10
    "As many messages of one client to different people, all of one size, are suspicious."
    sender_domains: Annotated[int, Range(1, 100, "everybody writes from one domain")] = 4
    "A client that writes from more domains than that forges them."


class Release(Table, frozen=True):
    """How a message is sent on to its real exchange."""

    smarthosts: tuple[MailHost, ...] = ()
    "Where all mail is handed to, the first that takes it; none means each recipient's exchanges."
    port: Annotated[int, Range(1, 65535, "there is no other port")] = 25
    "Port of exchanges; another one than 25 is for trying out."
    loopback: bool = False
    "Deliver to exchanges on this very machine, too, at any of its addresses; never to the bay."
    domains: tuple[Domain, ...] = ()
    "The site's own mail domains: only a sender there may be told that a message failed."
    at_once: Annotated[int, Range(1, 1000, "each holds a message in memory")] = 20
    "Deliveries at a time."
    at_once_per_exchange: Annotated[int, Range(1, 1000, "one must be allowed")] = 5
    "Deliveries at a time to one exchange, which may serve many domains."
    retry: Annotated[
        Duration, Range("1s", "1d", "RFC 5321 section 4.5.4.1 asks for half an hour in the end")
    ] = Duration(300.0)
    "A delivery that did not succeed is tried again after that; then after twice as long."
    retry_most: Annotated[
        Duration, Range("1s", "1d", "RFC 5321 section 4.5.4.1 asks for two or three hours")
    ] = Duration(4 * 3600.0)
    "The longest time between two attempts."
    give_up: Annotated[
        Duration, Range("1s", "30d", "RFC 5321 section 4.5.4.1 asks for four to five days")
    ] = Duration(5 * 86400.0)
    "A message that no exchange takes for so long has failed."


class Keep(Table, frozen=True):
    """How long messages are kept; of what was not delivered nothing goes without a warning."""

    undelivered: Annotated[Duration, Range("1h", "3650d", "a person must have time to look")] = (
        Duration(14 * 86400.0)
    )
    "A message that is held, deferred, or was refused, is thrown away so long after."
    done: Annotated[Duration, Range("0", "3650d", "0 removes it at once")] = Duration(86400.0)
    "The body of a message that was delivered or discarded goes so long after."
    size: Annotated[Size, Range("1MB", "100TB", "less holds no message")] = Size(10_000_000_000)
    "Bytes of all bodies; above, the oldest go first: those that are done, then those held."
    warning: Annotated[Duration, Range("1m", "30d", "a person must have time to look")] = Duration(
        86400.0
    )
    "So long before anything undelivered is thrown away it is said, whatever is full."
    records: Annotated[Duration, Range("1h", "3650d", "a person must have time to look")] = (
        Duration(30 * 86400.0)
    )
    "What happened to a message is forgotten so long after its body went."


class Notify(Table, frozen=True):
    """Whom the bay tells: a client is quarantined, its mail came first, mail is about to go."""

    command: tuple[File, ...] = ()
    "A program and its arguments, run without a shell; it reads a JSON object."
    webhooks: tuple[Url, ...] = ()
    "URLs that are sent a JSON object."
    mail: tuple[MailAddress, ...] = ()
    "Persons who are sent a mail."
    again: Annotated[Duration, Range("1m", "365d", "a flood of notices is read by nobody")] = (
        Duration(86400.0)
    )
    "A client is told of once in so long: of its quarantine, and of mail after it sent none."


class Bay(Table, frozen=True):
    """The holding bay: the SMTP server that takes the mail of quarantined clients."""

    enabled: bool = False
    "Run the bay even while no policy that is switched on quarantines."
    listen: tuple[MailEndpoint, ...] = ()
    "Where it takes mail; none means port 25 of `quarantine.addresses`."
    hostname: MailName = MailName("")
    "What it calls itself to clients and exchanges; none means `quarantine.host`."
    spool: str = ""
    "Directory of the messages; none means `bay` in the state directory."
    grace: Annotated[
        Duration, Range("1m", "7d", "answers that named the bay must have expired")
    ] = Duration(3600.0)
    "A client may speak to the bay for so long after its quarantine ended: stubs keep answers."
    open_to: tuple[Subnet, ...] = ()
    "Clients that may always speak to it, for sites that divert them by other means."
    pause: Annotated[Duration, Range("0", "30s", "clients may wait no longer")] = Duration(1.0)
    "How long it waits before its greeting: an engine that speaks first gives itself away."
    tls: Tls = Tls()
    limits: BayLimits = BayLimits()
    fates: Fates = Fates()
    inspect: Inspect = Inspect()
    release: Release = Release()
    keep: Keep = Keep()
    notify: Notify = Notify()
