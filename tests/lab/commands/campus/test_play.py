"""`dnswatch campus play` against a real `dnswatch serve`."""

from ipaddress import ip_address
from pathlib import Path

import pyarrow.parquet as pq
from typer.testing import CliRunner

from dnswatch.cli import app
from tests.lab.campus.scene import SMALL
from tests.live.site import Site
from tests.loopback import reserve


def test_a_real_dnswatch_is_asked_what_the_campus_asks(tmp_path: Path) -> None:
    """Most queries are answered, out of the world and nowhere else."""
    file = tmp_path / "plan.toml"
    file.write_text(SMALL + "[outbreak]\nday = 0.0\nfirst = 1\nsusceptible = 0\nbackscatter = 0\n")
    holder = reserve("127.0.0.1")
    world = f"127.0.0.1:{holder.getsockname()[1]}"
    holder.close()
    folder = tmp_path / "site"
    folder.mkdir()
    with Site(folder, [f"udp://{world}"]) as site:
        done = CliRunner().invoke(
            app,
            [
                "campus",
                "play",
                str(file),
                "--against",
                f"127.0.0.1:{site.port}",
                "--world",
                world,
                "--speed",
                "100000",
                "--days",
                "1",
                "--worm",
                "slow",
                "--truth",
                str(tmp_path),
            ],
        )
    assert done.exit_code == 0, done.output
    words = done.stdout.replace(",", "").split()
    sent, heard = int(words[1]), int(words[3])
    assert sent > 500
    assert heard > sent / 2
    (infected,) = pq.read_table(tmp_path / "infections.parquet")["address"].to_pylist()
    assert ip_address(infected).is_loopback


def test_a_target_that_is_no_endpoint_is_wrong_usage() -> None:
    """Exit code 2, and what is expected."""
    done = CliRunner().invoke(app, ["campus", "play", "--against", "nowhere"])
    assert done.exit_code == 2


def test_nobody_there_is_said_before_anything_is_played(tmp_path: Path) -> None:
    """A sentence with the command that starts somebody, and exit code 1."""
    file = tmp_path / "plan.toml"
    file.write_text(SMALL)
    with reserve("127.0.0.1") as nobody, reserve("127.0.0.1") as holder:
        against, world = (f"127.0.0.1:{each.getsockname()[1]}" for each in (nobody, holder))
        holder.close()
        done = CliRunner().invoke(
            app, ["campus", "play", str(file), "--against", against, "--world", world]
        )
    assert done.exit_code == 1
    assert "nobody answers at 127.0.0.1" in done.stderr
    assert f"--upstream udp://{world}" in done.stderr
