"""The HTTP server: uvicorn, bounded, and with signals left to the process that runs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from dnswatch.settings import WebConsole

MOST_CONNECTIONS: Final = 2000
"""Connections at a time; each open tab is one."""

LONGEST_HEAD: Final = 32_000
"""Bytes of a request's head."""


class ConsoleServer(uvicorn.Server):
    """The server of one console."""

    def __init__(self, app: ASGIApp, web: WebConsole) -> None:
        """Serve an application as the settings say."""
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                ws="none",
                http="h11",
                loop="asyncio",
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                h11_max_incomplete_event_size=LONGEST_HEAD,
                timeout_graceful_shutdown=1,
                ssl_certfile=web.certificate or None,
                ssl_keyfile=web.key or None,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield
