"""How a configuration is read, and what an admin is told about a wrong one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.errors import SettingsError
from dnswatch.settings import Settings, Source, combine, read

WRONG = {
    "[serve]\nlisten = 127.0.0.1:53": "line 2, column 15: this is no TOML (Expected newline or end",
    "[serve]\n[serve]": "line 2, column 7: this is no TOML (Cannot declare",
    "x = [": "at its end: this is no TOML",
    f"x = {'9' * 5000}": "a number is too long or brackets are too deep",
    f"x = {'[' * 5000}": "a number is too long or brackets are too deep",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:40])
def test_text_that_is_no_toml(text: str) -> None:
    """A text that is no TOML is an error with its place, and a hint at what is forgotten most."""
    with pytest.raises(SettingsError) as caught:
        read(text, "dnswatch.toml")
    assert str(caught.value).startswith("dnswatch.toml")
    assert WRONG[text] in str(caught.value)


def test_nothing_said_means_defaults() -> None:
    """dnswatch needs no configuration."""
    assert read("", "nowhere") == Settings()


def test_command_line_stands_in_place_of_the_file() -> None:
    """Options replace what the file says, even where that is wrong, and leave the rest alone."""
    text = '[serve]\nlisten = ["wrong"]\nworkers = 99\n[upstream]\nstrategy = "ordered"'
    settings = combine(Source(text, "f", ["127.0.0.1:53"], ["192.0.2.1"], 2))
    assert settings.serve.listen == ("127.0.0.1:53",)
    assert settings.serve.workers == 2
    assert settings.upstream.servers == ("udp://192.0.2.1",)
    assert settings.upstream.strategy == "ordered"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Source("", "f", listen=["a:1"]), 'command line: --listen is "a:1": expected ADDRESS:PORT'),
        (Source("", "f", upstream=["x"]), 'command line: --upstream is "x": expected an address'),
        (Source("", "f", workers=0), "command line: --workers is 0: expected a whole number"),
        (Source("serve = 3", "f", workers=1), "f, line 1: serve is 3: expected a table"),
        (
            Source('[upstream]\nservers = ["127.0.0.1"]', "f", listen=["127.0.0.1:53"]),
            'f, line 2: upstream.servers[0] is "udp://127.0.0.1", where dnswatch itself listens',
        ),
    ],
)
def test_error_says_who_said_it(source: Source, said: str) -> None:
    """What is wrong on the command line is not looked for in the file, nor the other way round."""
    with pytest.raises(SettingsError, match=re.escape(said)):
        combine(source)


keys = st.sampled_from(
    [
        "serve",
        "listen",
        "workers",
        "upstream",
        "servers",
        "forward",
        "domain",
        "groups",
        "cache",
        "x",
    ]
)
values = st.recursive(
    st.sampled_from(["1", "true", '"1s"', '"9.9.9.9"', "1.5", "nan", "1979-05-27", '"""\n"""']),
    lambda inner: (
        st.lists(inner).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(inner).map(lambda items: "[\n" + "".join(f"{item},\n" for item in items) + "]")
        | st.dictionaries(keys, inner).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        )
    ),
    max_leaves=8,
)
lines = (
    keys.map(lambda key: f"[{key}]")
    | keys.map(lambda key: f"[[{key}]]")
    | st.tuples(keys, values).map(" = ".join)
    | st.tuples(keys, keys, values).map(lambda one: f"{one[0]}.{one[1]} = {one[2]}")
)


@given(st.text() | st.lists(lines).map("\n".join))
def test_every_text_is_read_or_refused(text: str) -> None:
    """Any text gives settings, or one sentence that begins with its name: nothing else."""
    try:
        read(text, "dnswatch.toml")
    except SettingsError as error:
        said = str(error)
    else:
        said = "dnswatch.toml is right"
    assert said.startswith("dnswatch.toml")
