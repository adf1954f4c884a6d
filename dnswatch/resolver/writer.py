"""The writer: an answer in bytes, as it is at one moment."""

from typing import Final

from dnswatch.codes import Ede, Rcode
from dnswatch.resolver.events import TRUE, Answer, Form
from dnswatch.resolver.rewrite import TTL, BayAnswers
from dnswatch.settings import Settings
from dnswatch.wire import build
from dnswatch.wire.response import Response

_STALE: Final = build.ede(Ede.STALE_ANSWER)
_STALE_NXDOMAIN: Final = build.ede(Ede.STALE_NXDOMAIN)
_FORGED: Final = build.ede(
    Ede.FORGED_ANSWER, "mail from this machine is held; ask your administrator"
)


class Writer:
    """Writes answers as settings say."""

    def __init__(self, settings: Settings) -> None:
        """Take sizes, the longest life, and where the holding bay is."""
        self.size = settings.serve.udp_size
        "EDNS size that clients are offered, bytes."
        self.max_ttl = int(settings.cache.max_ttl)
        self._bay = BayAnswers(settings.quarantine)

    def body(self, answer: Answer, now: float) -> bytes:
        """Write an answer, all but its ID, with the TTLs of `now` (Unix seconds)."""
        pending, response, form = answer.pending, answer.response, answer.form
        if form is TRUE:
            return build.body(
                response,
                pending.query,
                now - (response.stored_at or now),
                limit=pending.limit,
                max_ttl=self.max_ttl,
                size=self.size,
            )
        match form:
            case Form.STALE:
                is_denial = response.rcode == Rcode.NXDOMAIN
                return build.body(
                    response,
                    pending.query,
                    now - response.stored_at,
                    limit=pending.limit,
                    max_ttl=self.max_ttl,
                    size=self.size,
                    stale=True,
                    extended=_STALE_NXDOMAIN if is_denial else _STALE,
                )
            case Form.FORGED:  # made anew, so that nothing of the true one is left; AD is not set
                return build.body(
                    self._bay.answer(pending.query),
                    pending.query,
                    0,
                    limit=pending.limit,
                    max_ttl=TTL,
                    size=self.size,
                    extended=_FORGED,
                )
            case Form.TRUNCATED:
                return build.truncated(pending.query, self.size)
            case _:
                return build.any_hinfo(pending.query, self.size)


def failure(rcode: int, extended: bytes = b"") -> Response:
    """Make an answer without records, of our own: `rcode`, and why."""
    response = Response(0, rcode)
    response.options = extended
    return response
