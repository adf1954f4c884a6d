"""Pictures: how those of the laboratory look, on light and dark pages and on paper.

Text in an SVG stays text.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK: Final = "#1a1a1b"
"""Of text and axes; a colour that nothing else has, so that a page can replace it by its own."""


@contextmanager
def style() -> Iterator[None]:
    """Draw and write with our ink; without its salt, no two runs would write the same SVG."""
    import matplotlib as mpl

    inked = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    settings: Any = dict.fromkeys(inked, INK)
    settings |= {"svg.fonttype": "none", "svg.hashsalt": "dnswatch", "font.size": 9}
    with mpl.rc_context(settings):
        yield


def inline(picture: "Figure", name: str) -> str:
    """Write a picture as SVG to stand in a page, below a title there of the id `name`-title.

    Its ink is the page's, its ids are its own.
    """
    text = StringIO()
    with style():
        picture.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return re.sub(
        r'<svg [^>]*?viewBox="([^"]+)"[^>]*>',
        rf'<svg viewBox="\1" role="img" aria-labelledby="{name}-title"'
        ' xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">',
        svg,
        count=1,
    )
