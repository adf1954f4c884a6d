"""sqlite-utils, without what it would import by the way.

It imports pandas and NumPy wherever they happen to be installed (the study brings them), for the
sake of columns that we never have: 0.5 s of CPU and 60 MB for each command and each process.  So
whoever needs it imports it from here.
"""

import sys
from typing import Final

_BY_THE_WAY: Final = [name for name in ("numpy", "pandas") if name not in sys.modules]

sys.modules.update(dict.fromkeys(_BY_THE_WAY))  # type: ignore[arg-type]  # None: cannot be imported
try:
    from sqlite_utils import Database, Migrations
finally:
    for _name in _BY_THE_WAY:
        del sys.modules[_name]

__all__ = ["Database", "Migrations"]
