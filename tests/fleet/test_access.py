"""The engine as a site would guard it: TLS, and a user who may do what is needed and no more."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from dnswatch.errors import EngineError
from dnswatch.fleet.engine import FleetEngine
from dnswatch.settings import EngineUrl, Fleet, FleetName
from tests import check
from tests.fleet.engine import RealEngine
from tests.fleet.replicas import Replicas, copy

PAGE = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text()
ADMIN = {"auth", "acl|whoami", "config|resetstat", "info", "ping"}


class GuardedEngine(RealEngine):
    """An engine with TLS and the user of the documentation."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        super().__init__()

    def start(self) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.folder / "ca.pem"))
        server = authority.issue_cert("127.0.0.1")
        server.private_key_pem.write_to_path(str(self.folder / "key.pem"))
        for part in server.cert_chain_pems:
            part.write_to_path(str(self.folder / "cert.pem"), append=True)
        users = re.search(r"^user dnswatch .*", PAGE, re.MULTILINE)
        assert users is not None
        line = users[0].replace(">PASSWORD", ">secret")
        (self.folder / "users.acl").write_text(f"user default on nopass ~* &* +@all\n{line}\n")
        self.more = (
            *("--tls-port", str(self.port), "--bind", "127.0.0.1", "--tls-auth-clients", "no"),
            *("--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem"),
            *("--aclfile", str(self.folder / "users.acl")),
        )
        super().start()

    def settings(self, node: str = "a", user: str = "dnswatch:secret") -> Fleet:
        url = f"rediss://{user}@127.0.0.1:{self.port}/0"
        ca_file = str(self.folder / "ca.pem")
        return Fleet(
            engine=EngineUrl(url), site=FleetName("campus"), node=FleetName(node), ca_file=ca_file
        )

    def admin(self, *command: str) -> str:
        """Have the engine's admin ask something, by its socket."""
        cli = ["redis-cli", "-s", str(self.folder / "engine.sock"), *command]
        return subprocess.run(cli, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def guarded() -> Iterator[GuardedEngine]:
    """An engine with TLS and a user."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with GuardedEngine() as real:
        yield real


def use_all(engine: FleetEngine) -> None:
    """Call all that an engine can do."""
    key = engine.key("one")
    engine.now()
    engine.add(engine.key("s"), "1-1", {"a": b"b"})
    engine.read({engine.key("s"): "0-0"}, 1)
    engine.first(engine.key("s"))
    engine.last_id(engine.key("s"))
    engine.length(engine.key("s"))
    engine.trim(engine.key("s"), "9-9")
    engine.put(key, b"x", 5.0)
    engine.get(key)
    engine.get_all([key])
    engine.prolong(key, b"x", 5.0)
    engine.prolong(key, b"y", 5.0)
    engine.withdraw(key, b"x")
    engine.delete(key)
    engine.join(engine.key("set"), "m")
    engine.members(engine.key("set"))
    engine.leave(engine.key("set"), "m")
    engine.push(engine.key("list"), b"v", 5.0)
    engine.take(engine.key("list"))
    engine.pop(engine.key("list"), 0.01)


def test_the_documented_user_may_what_is_needed_and_no_more(guarded: GuardedEngine) -> None:
    """Each command in the list of the documentation is used, and each that is used is there."""
    unused = {name for name in dir(FleetEngine) if not name.startswith("_")}
    unused -= {*use_all.__code__.co_names, "close", "add_all", "await_value"}
    assert unused == set()
    guarded.admin("config", "resetstat")
    engine = FleetEngine(guarded.settings(), check.PATIENCE)
    use_all(engine)
    engine.close()
    stats = guarded.admin("info", "commandstats")
    used = set(re.findall(r"^cmdstat_([^:]+):", stats, re.MULTILINE)) - ADMIN
    line = re.search(r"^user dnswatch .*", PAGE, re.MULTILINE)
    assert line is not None
    assert used == set(re.findall(r"\+([a-z|]+)", line[0]))
    assert guarded.admin("acl", "log") == "\n"


def test_other_keys_and_users_are_refused(guarded: GuardedEngine) -> None:
    """The user reaches no key of another site; a wrong password and no TLS reach nothing."""
    other = FleetEngine(guarded.settings(), check.PATIENCE)
    with pytest.raises(EngineError, match=r"does not serve us: .*permissions"):
        other.get("dnswatch:{elsewhere}:lead")
    wrong = FleetEngine(guarded.settings(user="dnswatch:wrong"), check.PATIENCE)
    with pytest.raises(EngineError, match="does not serve us"):
        wrong.now()
    stranger = guarded.settings()
    (guarded.folder / "ca.pem").unlink()
    trustme.CA().cert_pem.write_to_path(str(guarded.folder / "ca.pem"))
    with pytest.raises(EngineError, match=r"(?i)certificate"):
        FleetEngine(stranger, check.PATIENCE).now()


def test_a_fleet_lives_with_that_user(guarded: GuardedEngine, tmp_path: Path) -> None:
    """Shipping, copying and following need nothing that the user may not do."""
    site = Replicas(tmp_path, guarded)
    leader, follower = site.leads("a", 100), site.follows("b")
    copy(leader, follower)
    site.write("a", "delay")
    leader.round()
    follower.catch_up()
    assert site.rows("a") == site.rows("b")
    assert guarded.admin("acl", "log") == "\n"
