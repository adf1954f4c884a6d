"""Fixtures of the live tests: sites that are started, and stopped at the end."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.behaviour import Behaviour, plain
from tests.live.site import Serve, Site
from tests.upstream import Upstream


def _factory(stack: ExitStack, folder: Callable[[], Path]) -> Serve:
    def serve(
        *upstreams: Behaviour | Upstream | str,
        settings: Mapping[str, object] | None = None,
        workers: int = 1,
    ) -> Site:
        behind = [
            each if isinstance(each, str) else stack.enter_context(_upstream(each))
            for each in upstreams or (plain,)
        ]
        return stack.enter_context(Site(folder(), behind, settings or {}, workers))

    return serve


def _upstream(given: Behaviour | Upstream) -> Upstream:
    return given if isinstance(given, Upstream) else Upstream(given)


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start dnswatch: `serve(behaviour or upstream or URL ..., settings={...}, workers=1)`.

    Upstreams are started with it; none means one that is `plain`.
    """
    with ExitStack() as stack:
        yield _factory(stack, lambda: tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for the tests of a file that need nothing special; its upstream is `plain`."""
    with ExitStack() as stack:
        yield _factory(stack, lambda: tmp_path_factory.mktemp("site"))()
