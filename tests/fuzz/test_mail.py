"""Whatever a client says to the bay, and whatever mail it brings: it is answered and looked at."""

import contextlib
import json
import socket
from dataclasses import asdict
from pathlib import Path

import pytest

from dnswatch.bay.inspection.anatomy.dissection import dissect
from dnswatch.bay.queue.view import subject_of, view_of
from dnswatch.settings import Duration
from dnswatch.settings.bay import Bay, BayLimits
from tests.bay.served import Served
from tests.fuzz.frame import fuzz

UNPACKED = 1_000_000
LIMITS = BayLimits(rate=1_000_000, connections=10_000, connections_per_client=10_000)


def test_any_mail_is_taken_apart_and_shown() -> None:
    """Parsers of mail, archives and HTML raise anything; who calls them hears nothing of it."""

    def read(data: bytes) -> None:
        dissect(data, UNPACKED)
        shown = json.dumps([asdict(view_of(data)), subject_of(data)], ensure_ascii=False)
        shown.encode()

    fuzz("mail", read)


def test_any_client_is_answered(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is told a reply to each line, or cut off; nothing of it is a fault of the bay."""
    with Served(tmp_path, settings=Bay(pause=Duration(0), limits=LIMITS)) as served:

        def read(data: bytes) -> None:
            with socket.create_connection(("127.0.0.1", served.port)) as client:
                with contextlib.suppress(OSError):  # it may be cut off before all is said
                    client.sendall(data)
                    client.shutdown(socket.SHUT_WR)
                with contextlib.suppress(OSError):
                    while client.recv(65536):
                        pass

        fuzz("smtp", read)
        assert served.send() == 250
    assert not [one for one in caplog.records if one.exc_info or one.levelname == "ERROR"]
