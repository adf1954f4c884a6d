"""Ports: from which one a question to an upstream leaves (RFC 5452 section 4.5, RFC 6056 3.2).

All from 10000 on but those that IANA has registered for a service: firewalls take what comes from
such a port for that service.  Below 10000 two of three are registered.
"""

import errno
import os
import socket
from typing import Final

_REGISTERED: Final = """
10000-10010 10020 10023 10050-10051 10055 10080-10083 10100-10104 10107 10110-10111 10113-10117
10125 10128-10129 10160-10162 10200-10201 10252-10253 10260-10261 10288 10439 10443 10500
10540-10544 10548 10631 10800 10805 10809-10810 10860 10880 10933 10990 11000-11001 11095
11103-11106 11108-11112 11161-11165 11171-11175 11201-11202 11208 11211 11235 11319-11321 11367
11371 11430 11489 11600 11623 11720 11723 11751 11796 11876-11877 11967 11971 12000-12010
12012-12013 12109 12121 12168 12172 12300 12302 12321-12322 12345 12546 12753 12865 13160
13216-13218 13223-13224 13400 13720-13722 13724 13782-13783 13785-13786 13818-13823 13832 13894
13929-13930 14000-14002 14033-14034 14141-14143 14145 14149-14150 14154 14250 14414 14500
14936-14937 15000 15002 15118 15345 15363 15555 15660 15740 15998-16003 16020-16021 16161-16162
16309-16311 16360-16361 16367-16368 16384-16385 16619 16665-16666 16789 16900 16950 16991-16995
17001-17004 17007 17010 17184-17185 17219-17225 17234-17235 17500 17555 17729 17754-17756 17777
18000 18104 18136 18181-18187 18241-18243 18262 18463 18516 18634-18635 18668 18769 18881 18888
19000 19007 19020 19191 19194 19220 19283 19315 19398 19410-19412 19539-19541 19788 19790
19998-20003 20005 20012-20014 20034 20046 20048-20049 20057 20167 20202 20222 20480 20670 20810
20999-21000 21010 21212-21213 21221 21553-21554 21590 21800-21801 21845-21849 22000-22005 22125
22128 22222 22273 22305 22333 22335 22343 22347 22350-22351 22537 22555 22763 22800 22951
23000-23005 23053 23272 23294 23333 23400-23402 23456-23457 23546 24000-24006 24242 24249
24321-24323 24386 24465 24554 24577 24666 24676-24678 24680 24754 24850 24922 25000-25009 25100
25576 25604 25793 25900-25903 25954-25955 26000 26133 26208 26257 26260-26263 26486-26487 26489
27010 27017 27345 27374 27442 27504 27782 27876 27999-28001 28010 28080 28119 28200 28240 28589
29000 29167 29999-30004 30100 30260 30400 30832 30865 30999 31016 31020 31029 31337 31400 31416
31457 31620 31685 31765 31948-31949 32034 32249 32400 32483 32635-32636 32767-32777 32801 32811
32896 33000 33060 33123 33331 33333-33334 33434-33435 33656 33890 34249 34378-34379 34567
34962-34964 34980 35000-35006 35100 35354-35357 36001 36411 36524 36602 36700 36865 37475 37483
37601 37654 38000-38002 38201-38203 38638 38800 38865 39063 39681 40000 40023 40404 40841-40843
40853 41111 41121 41230 41794-41797 42508-42510 42999-43000 43188-43191 43210 43438-43441 44123
44321-44323 44444-44445 44544 44553 44600 44818 44900 45000-45002 45045 45054 45514 45678
45824-45825 45966 46336 46998-47001 47100 47557 47624 47806 47808-47809 48000-48005 48048-48050
48128-48129 48556 48619 48653 49000-49001 49150 57000 60177 60179"""
"""Registered for TCP or UDP in IANA's Service Name and Transport Protocol Port Number Registry."""


def _usable() -> tuple[int, ...]:
    taken: set[int] = set()
    for entry in _REGISTERED.split():
        first, _, last = entry.partition("-")
        taken.update(range(int(first), int(last or first) + 1))
    return tuple(port for port in range(10_000, 65_536) if port not in taken)


PORTS: Final = _usable()
"""Nearly 55,000, of which each is drawn as often as any other: 15.7 bits."""

_TRIES: Final = 20
"""Ports drawn before it is given up: with one in ten taken all are so once in 10^20."""


class Chance:
    """Two random bytes at a time from the kernel's generator, drawn in bulk."""

    def __init__(self) -> None:
        """Draw nothing yet."""
        self._drawn: list[bytes] = []

    def draw(self) -> bytes:
        """Return the next two bytes."""
        if not self._drawn:
            noise = os.urandom(2048)
            self._drawn = [noise[at : at + 2] for at in range(0, len(noise), 2)]
        return self._drawn.pop()

    def port(self) -> int:
        """Draw one of `PORTS`; what lies beyond them is drawn again, so that all are alike."""
        while (index := int.from_bytes(self.draw(), "big")) >= len(PORTS):
            pass
        return PORTS[index]


def connected(
    address: tuple[str, int] | tuple[str, int, int, int], chance: Chance
) -> socket.socket:
    """Open a UDP socket at a random port that is free, and connect it to `address`.

    The kernel hands it what comes from there and nothing else, and tells everybody else that the
    port is closed: no scan finds it.  Raises `OSError` where there is no way there.
    """
    family = socket.AF_INET if len(address) == 2 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        for tries in range(1, _TRIES + 1):
            try:
                sock.bind(("", chance.port()))
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE or tries == _TRIES:
                    raise
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock
