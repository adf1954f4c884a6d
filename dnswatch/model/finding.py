"""Finding: what the holding bay thinks of one message, on its way to the client's score."""

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """The judgment on one message."""

    number: int
    "Rises with each finding of a site, so that each is weighed once."
    at: float
    "When the message was judged, Unix seconds."
    client: bytes
    "The client's key in the store."
    verdict: Literal["clean", "unsure", "worm"]
    ident: str
    "The message, as `dnswatch bay show` knows it."
    reason: str
    "Why, in a sentence."
