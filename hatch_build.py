"""Compiles what every packet goes through, where it is asked for: the same source, made quicker.

`DNSWATCH_COMPILE=1 pip install .` makes a wheel for this kind of machine; without the variable the
wheel is plain Python, for any.  `make fast` compiles a source tree in place.  Both take a C
compiler and Python's headers.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULES: Final = (
    "wire/name",
    "wire/query",
    "wire/response",
    "wire/build",
    "wire/overheard",
    "wire/rdata",
    "wire/scrub",
    "model/counting",
    "model/durations",
    "model/exchanges",
    "model/groups",
    "model/lives",
    "model/mailhosts",
    "model/moments",
    "model/sitecache",
    "model/states",
    "model/translations",
    "model/watch",
    "resolver/access",
    "resolver/ask",
    "resolver/askings",
    "resolver/cache",
    "resolver/core",
    "resolver/deadlines",
    "resolver/events",
    "resolver/health",
    "resolver/held",
    "resolver/kept",
    "resolver/known",
    "resolver/local",
    "resolver/lookups",
    "resolver/observed",
    "resolver/packets",
    "resolver/pending",
    "resolver/rates",
    "resolver/special",
    "resolver/upstreams",
    "resolver/writer",
    "proxy/datagrams",
    "proxy/fast",
    "proxy/service",
    "proxy/turns",
    "proxy/upstream/ports",
    "proxy/upstream/udp",
    "sources/capture/dissection",
    "sources/capture/flows",
    "sources/capture/frames",
    "sources/capture/ip",
    "sources/capture/link",
    "sources/capture/pcap",
    "sources/capture/pcapng",
    "sources/capture/tunnels",
    "sources/matching",
)
"""What is compiled.  Never a module that defines a `msgspec.Struct` (mypyc loses its keywords
without a word), an exception with attributes, a subclass of what is built in, or a class that
others extend.  In them a slice of bytes must not end before it begins: compiled, that is a
`SystemError` where Python gives none.
"""

TOGETHER: Final = ("wire/", "resolver/", "proxy/")
"""Folders whose modules make one library, all that a worker does for a packet: calls between them
are then as cheap as within one (6 % of the core's CPU for a miss; within the model it brought
nothing).  All other modules have a library each, which compiles side by side.
"""

COMPILER: Final = ["mypy==2.4.1", "setuptools>=75", "msgspec>=0.19"]
"""mypyc comes with mypy, of the version of the type checks; it reads the types of msgspec."""


def compile_modules(root: Path, into: Path) -> list[Path]:
    """Compile `MODULES` of the tree at `root`; return the libraries made, below `into`."""
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    paths = {module: f"dnswatch/{module}.py" for module in MODULES}
    sources = list(paths.values())
    together = [paths.pop(module) for module in MODULES if module.startswith(TOGETHER)]
    groups = [(together, "dnswatch.worker"), *(([alone], None) for alone in paths.values())]
    with _inside(root), tempfile.TemporaryDirectory() as scratch:
        extensions = mypycify(sources, separate=groups, opt_level="2", target_dir=scratch)
        command = build_ext(Distribution({"name": "dnswatch", "ext_modules": extensions}))
        command.build_lib, command.build_temp = str(into), scratch
        command.parallel = True
        command.ensure_finalized()
        command.run()
        return [Path(made) for made in command.get_outputs()]


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in a folder: mypyc names modules by their place below it."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


class CompileHook(BuildHookInterface[Any]):
    """Puts the compiled modules beside their sources in the wheel, where the variable asks."""

    def dependencies(self) -> list[str]:
        """Return what compiling needs."""
        return COMPILER if self._is_wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say for which Pythons the wheel is."""
        if not self._is_wanted() or version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        into = Path(self._folder.name)
        for made in compile_modules(Path(self.root), into):
            build_data["force_include"][str(made)] = str(made.relative_to(into))
        build_data["infer_tag"] = True
        build_data["pure_python"] = False

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clear up."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()

    def _is_wanted(self) -> bool:
        return os.environ.get("DNSWATCH_COMPILE") == "1"


if __name__ == "__main__":
    here = Path(__file__).parent.absolute()
    for library in (here / "dnswatch").rglob("*.so"):
        library.unlink()
    compile_modules(here, here)
