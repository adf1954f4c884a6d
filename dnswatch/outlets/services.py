"""Services: whatever Apprise speaks to: chat, SMS, push (extra `notify`).

A service's address holds its secret: it comes from a key file alone, and what Apprise logs of it is
not kept.
"""

import logging
from typing import Final

from dnswatch.errors import EventError, SettingsError
from dnswatch.outlets.outlet import Dispatch

_TELLTALES: Final = ("apprise", "urllib3", "requests_oauthlib")
"""Logs with addresses in them, and with those their secrets."""


class ServiceOutlet:
    """Tells one service."""

    def __init__(self, name: str, url: str) -> None:
        """Read its address; raises `SettingsError` where Apprise does not know it.

        `name` stands in messages in place of the address.
        """
        import apprise

        for telltale in _TELLTALES:
            logging.getLogger(telltale).setLevel(logging.CRITICAL + 1)
        self._name = name
        asset = apprise.AppriseAsset(app_id="dnswatch", app_desc="dnswatch", plugin_paths=[])
        service = apprise.Apprise.instantiate(url, asset=asset)
        if service is None:
            raise SettingsError(f"'{name}': the address in its file is none of Apprise's")
        self._service = service

    def send(self, dispatch: Dispatch) -> None:
        """Tell it; Apprise waits some seconds for each answer."""
        if not self._service.notify(body=dispatch.body.decode(), title=dispatch.title):
            raise EventError(f"'{self._name}' took nothing")

    def close(self) -> None:
        """Let go of it; Apprise keeps no connection."""
