"""The world answers over UDP, as an upstream must."""

import dns.message
import dns.query

from dnswatch.lab.campus.output.world import World
from tests.check import PATIENCE
from tests.lab.campus.scene import campus, plan


def test_the_world_answers_what_the_simulated_resolver_hears() -> None:
    """Question and ID come back as they were; what is no query gets no answer."""
    built = campus(plan())
    built.outside.mail.name(0)
    name = built.outside.mail.text(0).upper()
    with World(built.outside, ("127.0.0.1", 0)) as world:
        asked = dns.message.make_query(name, "MX")
        heard = dns.query.udp(asked, world.address[0], port=world.address[1], timeout=PATIENCE)
        assert asked.is_response(heard)
        assert heard.question[0].name.to_text() == f"{name}."
        assert world.answer(b"\0" * 5) == b""
        expected = built.outside.answer(built.outside.mail.name(0), 15)
        assert len(heard.answer[0]) == len(expected.exchanges)
        assert heard.answer[0].ttl == expected.ttl
