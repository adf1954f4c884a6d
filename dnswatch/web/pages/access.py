"""Who may use the console: visits, accounts, and tokens of programs; for admins."""

import msgspec

from dnswatch import clock
from dnswatch.web.pages.request import ConsoleRequest, Done
from dnswatch.web.register import Grant, Visit


class Doors(msgspec.Struct):
    """All who may."""

    visits: list[Visit]
    users: list[Grant]
    tokens: list[Grant]


def read(request: ConsoleRequest) -> Doors:
    """Read who may use the console."""
    register = request.console.register
    return Doors(register.visits(clock.now()), register.users(), register.tokens())


def end(request: ConsoleRequest) -> Done:
    """End somebody's visit."""
    number = request.path["number"]
    request.console.register.end_visit(number)
    return Done("the visit is over: whoever it was must log in again", "/access")
