"""Webhooks: HTTP requests with a body, signed as Standard Webhooks has it where there is a key."""

import base64
import hashlib
import hmac
import ssl
from urllib.parse import urlsplit

from dnswatch import clock
from dnswatch.errors import EventError
from dnswatch.outlets.outlet import PATIENCE, Dispatch


def signature(key: bytes, ident: str, at: int, body: bytes) -> str:
    """Sign a request as Standard Webhooks does: HMAC-SHA256 over id, timestamp and body."""
    signed = hmac.digest(key, f"{ident}.{at}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


class WebhookOutlet:
    """Sends requests; any answer but 2xx means that it was not taken."""

    def __init__(self, url: str, key: bytes = b"", tls: ssl.SSLContext | None = None) -> None:
        """Sign with a key where there is one; the connection is made with the first request."""
        import httpx2

        self._url = url
        self._shown = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/…"
        self._key = key
        self._client = httpx2.Client(
            timeout=PATIENCE, follow_redirects=False, verify=True if tls is None else tls
        )

    def send(self, dispatch: Dispatch) -> None:
        """Post the body."""
        import httpx2

        at = int(clock.now())
        headers = {"content-type": "application/json"}
        if self._key:
            headers |= {
                "webhook-id": dispatch.ident,
                "webhook-timestamp": str(at),
                "webhook-signature": signature(self._key, dispatch.ident, at, dispatch.body),
            }
        try:
            response = self._client.post(self._url, content=dispatch.body, headers=headers)
        except httpx2.HTTPError as error:
            why = str(error) or type(error).__name__
            raise EventError(f"{self._shown} is not reached: {why}") from None
        if not response.is_success:
            raise EventError(f"{self._shown} answered {response.status_code}")

    def close(self) -> None:
        """Close its connections."""
        self._client.close()
