"""Strategies: settings as people and programs write them, right and wrong."""

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from hypothesis import strategies as st

from suites.configuration.misconfigurations import MISCONFIGURATIONS
from suites.documented import KEY
from suites.strategies import HOST_OF, MIRROR_SERVERS

_GAPS = ("", " ", "\n", "\t", "\r\n", "\n    ")
_HARMLESS: tuple[tuple[str, object], ...] = (
    ("debug", False),
    ("labels", ["tier=ci", "naïve=ключ", 'quoted="\\"']),
    ("labels", []),
    ("insecure-registries", ["10.0.0.0/8"]),
    ("max-concurrent-downloads", 3),
    ("log-opts", {"max-size": "10m", "max-file": "3"}),
    ("shutdown-timeout", 15),
)
"""Other options that a reload may find, and that change no pull."""


@st.composite
def urls(draw: st.DrawFn) -> str:
    """A mirror of the lab, in any right spelling: most in TLS, with a port or a slash or neither."""
    host = HOST_OF[draw(st.sampled_from(MIRROR_SERVERS))]
    scheme = draw(st.sampled_from(("https", "https", "https", "http")))
    port = draw(st.sampled_from(("", "", ":443" if scheme == "https" else ":80")))
    return f"{scheme}://{host}{port}{draw(st.sampled_from(('', '', '/')))}"


def _host(url: str) -> str | None:
    return urlsplit(url).hostname


mirror_lists = st.one_of(
    st.lists(urls(), max_size=4, unique_by=_host),
    st.lists(urls(), min_size=1, max_size=2, unique_by=_host).map(lambda some: [*some, *some]),
)
"""Mirrors, none to four; some of them more than once."""

long_lists = st.integers(100, 300).map(lambda count: [f"https://mirror-{n}.example:5000" for n in range(count)])
"""More mirrors than anybody has, none of which is there."""

unreachable_lists = st.lists(
    st.sampled_from(
        ("http://[::1]:5000", "https://[2001:db8::1]/", "http://127.0.0.1:5000", "https://10.1.2.3", "http://m")
    ),
    min_size=1,
    max_size=5,
)
"""Mirrors in other spellings, none of which is there."""


@st.composite
def spelled(draw: st.DrawFn, pairs: Sequence[tuple[str, object]]) -> str:
    """An object in JSON, with any white space and any escapes."""
    gap = st.sampled_from(_GAPS)

    def text(value: object) -> str:
        match value:
            case str():
                return _string(value, draw(st.sampled_from(("plain", "plain", "ascii", "escaped", "slashes"))))
            case list():
                return "[" + draw(gap) + (draw(gap) + "," + draw(gap)).join(map(text, value)) + draw(gap) + "]"
            case dict():
                inside = ("," + draw(gap)).join(f"{text(key)}:{draw(gap)}{text(item)}" for key, item in value.items())
                return "{" + draw(gap) + inside + draw(gap) + "}"
            case _:
                return json.dumps(value)

    inside = ("," + draw(gap)).join(f"{text(key)}{draw(gap)}:{draw(gap)}{text(value)}" for key, value in pairs)
    return draw(gap) + "{" + draw(gap) + inside + draw(gap) + "}" + draw(gap)


def _string(value: str, how: str) -> str:
    match how:
        case "escaped":
            return '"' + "".join(f"\\u{ord(character):04x}" for character in value) + '"'
        case "slashes":
            return json.dumps(value).replace("/", "\\/")
        case _:
            return json.dumps(value, ensure_ascii=how == "ascii")


@st.composite
def sound_files(draw: st.DrawFn, mirrors: st.SearchStrategy[list[str]] = mirror_lists) -> str:
    """A daemon.json with mirrors, among other options, in any order."""
    others = draw(st.lists(st.sampled_from(_HARMLESS), max_size=3, unique_by=lambda pair: pair[0]))
    return draw(spelled(draw(st.permutations([(KEY, draw(mirrors)), *others]))))


@st.composite
def sound_flags(draw: st.DrawFn) -> tuple[str, ...]:
    """``--registry-mirror``, once or several times, with ``=`` or a space."""
    flags: list[str] = []
    for url in draw(st.lists(urls(), min_size=1, max_size=4, unique_by=_host)):
        flags += draw(st.sampled_from(((f"--registry-mirror={url}",), ("--registry-mirror", url))))
    return tuple(flags)


@st.composite
def wrong_urls(draw: st.DrawFn) -> object:
    """What is no mirror: a right one with something wrong put to it, or no string."""
    url = draw(urls())
    scheme, _, host = url.rstrip("/").partition("://")
    word = draw(st.text("abcxyz019-_.~", min_size=1, max_size=8))
    return draw(
        st.sampled_from(
            (
                host,
                f"{draw(st.sampled_from(('ftp', 'tcp', 'unix', 'oci', 'docker', 'httpss')))}://{host}",
                f"{scheme}:/{host}",
                f"{scheme}:{host}",
                f"//{host}",
                f"{url.rstrip('/')}/{word}",
                f"{url.rstrip('/')}/v2/",
                f"{url.rstrip('/')}?{word}",
                f"{url}#{word}",
                f"{scheme}://{word}@{host}",
                f"{scheme}://{word}:{word}@{host}",
                f"{scheme}://",
                f"{scheme}:///",
                "",
                " ",
                f"{url} ",
                f"{url}\n",
                f"\t{url}",
                f"{scheme}://[{host}",
                None,
                draw(st.integers(0, 9)),
                draw(st.booleans()),
                [url],
                {"url": url},
            )
        )
    )


@st.composite
def files_with_a_wrong_mirror(draw: st.DrawFn) -> str:
    """A daemon.json in which one mirror among right ones is wrong."""
    right = draw(st.lists(urls(), max_size=2))
    place = draw(st.integers(0, len(right)))
    wrong: list[object] = [*right[:place], draw(wrong_urls()), *right[place:]]
    others = draw(st.lists(st.sampled_from(_HARMLESS), max_size=2, unique_by=lambda pair: pair[0]))
    return draw(spelled([*others, (KEY, wrong)]))


@st.composite
def broken_files(draw: st.DrawFn) -> str:
    """A daemon.json of which something is lost, doubled, or put in."""
    text = draw(sound_files()).strip()
    place = draw(st.integers(1, len(text) - 1))
    return draw(
        st.sampled_from(
            (
                text[:place],
                text[place:],
                f"{text}{text}",
                f"{text} # mirrors",
                f"/* mirrors */ {text}",
                f"{text[:-1].rstrip()},}}",
                text.replace('"', "'"),
                f"[{text}]",
                f"{text}}}",
            )
        )
    )


@st.composite
def files_with_a_wrong_key(draw: st.DrawFn) -> str:
    """A daemon.json whose key is nearly right."""
    words = (
        "registry-mirror",
        "registry_mirrors",
        "Registry-Mirrors",
        "REGISTRY-MIRRORS",
        "registry mirrors",
        "mirrors",
    )
    key = draw(st.sampled_from((*words, "registry-mirorrs", "registrymirrors", f" {KEY}", f"{KEY}s", f"--{KEY}", "")))
    return draw(spelled([(key, draw(mirror_lists)), ("debug", False)]))


wrong_files = st.one_of(
    files_with_a_wrong_mirror(),
    broken_files(),
    files_with_a_wrong_key(),
    st.sampled_from([one.file for one in MISCONFIGURATIONS if one.file is not None and not one.flags]),
)
