"""HTML of held mail, as far as it is shown."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.web.html import KEPT, cleaned, html_of

PIECES = st.sampled_from(
    [
        "<",
        ">",
        "<p>",
        "</p>",
        "<script>",
        "</script>",
        "<svg onload=x>",
        "<!--",
        "-->",
        '"',
        "'",
        "<a href=javascript:x>",
        "<img src=//e>",
        "<style>",
        "</style>",
        "<base href=x>",
        "&lt;",
        "<![CDATA[",
        "]]>",
        "<b title='",
        "text",
        "\0",
        "<meta http-equiv=refresh>",
        "<p/onclick=x>",
    ]
)


class Tags(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@given(st.lists(PIECES, max_size=40).map("".join))
def test_nothing_is_left_that_names_a_place(html: str) -> None:
    """Whatever is written in whichever order: tags of text alone, and no attribute that acts."""
    seen = Tags()
    seen.feed(cleaned(html))
    assert seen.tags <= KEPT
    assert not seen.attributes & {"href", "src", "onclick", "onload", "style", "title", "action"}


@given(st.binary(max_size=500))
def test_whatever_the_bytes_are_it_never_raises(data: bytes) -> None:
    """A message that is none has no HTML, or some."""
    html_of(b"Content-Type: text/html\r\n\r\n" + data)
    html_of(data)
