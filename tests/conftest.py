"""What all tests share: no test fails because a machine is slow.

Hundreds of processes are started here.  Each would compile the package anew where the environment
forbids to keep what was compiled, which is half of what starting one costs.

At a desk hypothesis looks for new examples each time; `.ci/run` has it look at the same ones, so
that it judges the change and not the day's luck; `make coverage` looks at few.
"""

import os
import sys
from typing import Final

import hypothesis
import pytest

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

hypothesis.settings.register_profile("dnswatch", deadline=None)
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.register_profile("few", deadline=None, derandomize=True, max_examples=10)
hypothesis.settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE")
    or ("same" if os.environ.get("DNSWATCH_REQUIRE_ALL") else "dnswatch")
)

WHOLE: Final = 1500.0
"""Seconds for a test that plays a whole benchmark, demonstration or site."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests that play something whole a limit of their own, and let them begin.

    Begun last, one of them would keep one core busy while the others have nothing left to do.
    """
    for item in items:
        if item.get_closest_marker("whole"):
            item.add_marker(pytest.mark.timeout(WHOLE))
    items.sort(key=lambda item: item.get_closest_marker("whole") is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run half as many tests again as there are cores: the live ones wait as long as they work."""
    cores = len(os.sched_getaffinity(0))
    return cores + cores // 2
