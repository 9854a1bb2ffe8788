"""URL patterns, environment proxies, conversions and Link fields against httpx 0.28's; then what is ours."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from httpx import _utils as theirs
from hypothesis import given, settings
from hypothesis import strategies as st

from cyhttpx import _utils
from cyhttpx._exceptions import InvalidURL
from cyhttpx._urls import URL
from cyhttpx._utils import URLPattern, get_environment_proxies, parse_header_links

if TYPE_CHECKING:
    from pathlib import Path

PATTERNS = [
    *["", "all://", "http://", "https://", "all://*", "http://*", "all://*:8080", "all://*.", "all://**.x", "x://y"],
    *[
        "all://example.com",
        "all://*example.com",
        "all://*.example.com",
        "https://*.EXAMPLE.com",
        "https://example.com:1234",
    ],
    *[
        "all://example.com:80",
        "http://example.com:80",
        "all://[::1]",
        "http://127.0.0.1",
        "all://localhost",
        "all://ü.de",
    ],
    *["http://xn--tda.de", "all://*xn--tda.de", "all://*com", "all://example.com:0"],
]
URLS = [
    *["http://example.com", "https://example.com", "https://www.example.com", "http://evilexample.com", "http://com"],
    *[
        "http://a.b.example.com:8080",
        "https://example.com:1234",
        "http://[::1]/",
        "http://127.0.0.1:80",
        "http://localhost",
    ],
    *["http://x.", "http://ü.de", "http://a.ü.de", "x://y", "ws://example.com", "/relative", "http://.example.com/"],
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_match_what_they_do_in_httpx(pattern: str) -> None:
    ours, reference = URLPattern(pattern), theirs.URLPattern(pattern)
    assert ours.priority == reference.priority
    assert (ours.pattern, ours.scheme, ours.host, ours.port) == (
        pattern,
        reference.scheme,
        reference.host,
        reference.port,
    )
    for url in URLS:
        assert ours.matches(URL(url)) is reference.matches(httpx.URL(url)), url


def test_patterns_sort_as_in_httpx() -> None:
    ours = [pattern.pattern for pattern in sorted(map(URLPattern, PATTERNS))]
    assert ours == [pattern.pattern for pattern in sorted(map(theirs.URLPattern, PATTERNS))]


def test_patterns_are_compared_by_their_text() -> None:
    assert URLPattern("http://") == URLPattern("http://")
    assert URLPattern("http://") != URLPattern("HTTP://")
    assert URLPattern("http://") != "http://"
    assert len({URLPattern("all://"), URLPattern("all://"), URLPattern("http://")}) == 2
    assert repr(URLPattern("all://*")) == "URLPattern('all://*')"


@pytest.mark.parametrize("pattern", ["http", "all", "example.com"])
def test_bare_words_are_no_patterns(pattern: str) -> None:
    with pytest.raises(ValueError, match="proper URL") as ours:
        URLPattern(pattern)
    with pytest.raises(ValueError, match="proper URL") as reference:
        theirs.URLPattern(pattern)
    assert str(ours.value) == str(reference.value)


def test_what_is_no_pattern() -> None:
    with pytest.raises(InvalidURL):
        URLPattern("all://[::1")
    with pytest.raises(ValueError, match="99"):
        URLPattern("all://10.0.0.0/99")


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        (
            "all://10.0.0.0/8",
            ["10.0.0.0", "10.2.3.4:99"],
            ["11.0.0.1", "10.example", "[::1]", "10.0.0.0.1", "x10", "a.9"],
        ),
        ("all://10.1.2.3/8", ["10.9.9.9"], ["11.1.2.3"]),
        ("http://192.168.0.0/16", ["192.168.255.255"], ["192.169.0.0"]),
        ("all://0.0.0.0/0", ["8.8.8.8"], ["[2001:db8::]", "example.com"]),
        ("all://[fe80::]/10", ["[fe80::1]", "[febf::]", "[fe80::1%eth0]"], ["[fec0::]", "254.128.0.0", "fe80.example"]),
        ("all://[2001:db8::1]/128", ["[2001:DB8:0::1]"], ["[2001:db8::2]"]),
    ],
)
def test_networks(pattern: str, inside: list[str], outside: list[str]) -> None:
    for host in inside:
        assert URLPattern(pattern).matches(URL(f"http://{host}/")), host
    for host in outside:
        assert not URLPattern(pattern).matches(URL(f"http://{host}/")), host
    assert not URLPattern(pattern).matches(URL("/relative"))


NAMES = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "ftp_proxy",
    "REQUEST_METHOD",
]
NAMES += ["HTTP_proxy", "Http_Proxy", "TRAVIS_APT_PROXY", "_proxy"]
ENTRIES = [
    "example.com",
    ".example.com",
    "EXAMPLE.com",
    "127.0.0.1",
    "localhost",
    "LOCALHOST",
    "::1",
    "192.168.0.0/16",
    "",
]
ENTRIES += [
    "http://x",
    "https://foo.com:80",
    "a.com:8080",
    " spaced.com ",
    "1.2.3.4:80",
    "a b",
    "*",
    "foo://",
    "fe80::1%eth0",
]
variables = st.dictionaries(
    st.sampled_from(NAMES), st.sampled_from(["", "http://p:1", "p:2", "socks5://q"]), max_size=5
)
exclusions = st.dictionaries(
    st.sampled_from(["no_proxy", "NO_PROXY"]), st.lists(st.sampled_from(ENTRIES), max_size=4).map(",".join)
)


@settings(max_examples=200, deadline=None)
@given(variables, exclusions)
def test_environment_is_read_as_in_httpx(proxies: dict[str, str], excluded: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            patch.delenv(name)
        for name, value in {**proxies, **excluded}.items():
            patch.setenv(name, value)
        expected = theirs.get_environment_proxies()
        assert get_environment_proxies() == expected
        assert list(get_environment_proxies()) == list(expected)


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Tell which of some hosts a value of NO_PROXY excludes."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("all_proxy", "http://proxy")

    def excluded(value: str, *hosts: str) -> list[str]:
        monkeypatch.setenv("no_proxy", value)
        proxies = {URLPattern(pattern): proxy for pattern, proxy in get_environment_proxies().items()}
        found = []
        for host in hosts:
            first = next(pattern for pattern in sorted(proxies) if pattern.matches(URL(f"http://{host}/")))
            if proxies[first] is None:
                found.append(host)
        return found

    return excluded


@pytest.mark.parametrize(
    ("value", "inside", "outside"),
    [
        (
            "example.com",
            ["example.com", "a.example.com", "EXAMPLE.COM"],
            ["evilexample.com", "example.com.evil", "com"],
        ),
        (".example.com", ["a.example.com"], ["example.com", "evilexample.com"]),
        ("*.example.com", ["a.example.com", "a.b.example.com"], ["example.com", "evilexample.com"]),
        ("example.com:8080", ["example.com:8080"], ["example.com", "example.com:80"]),
        ("10.0.0.0/8, fe80::/10", ["10.1.2.3", "[fe80::1]"], ["11.1.2.3", "[2001::]", "10.example"]),
        ("[fe80::]/10", ["[fe80::1]"], ["[::1]"]),
        ("::1,[::2],[::3]:8080", ["[::1]", "[::2]:99", "[::3]:8080"], ["[::4]", "[::3]"]),
        ("127.0.0.1", ["127.0.0.1", "127.0.0.1:8080"], ["127.0.0.2", "x127.0.0.1"]),
        ("localhost", ["localhost", "localhost:1"], ["a.localhost", "xlocalhost"]),
    ],
)
def test_no_proxy(no_proxy: Any, value: str, inside: list[str], outside: list[str]) -> None:
    assert no_proxy(value, *inside, *outside) == inside


@pytest.mark.parametrize(
    "entry", ["10.0.0.0/99", "fe80::/200", "[::1", "[bad]:x", "a:b:c", "ü..x", "h:99999", "\x01", "a\\b"]
)
def test_invalid_entries_are_ignored(no_proxy: Any, entry: str) -> None:
    assert no_proxy(f"{entry},good.example", "good.example", "other.example") == ["good.example"]


def test_the_environment_is_read_without_urllib() -> None:
    program = """
import sys
from cyhttpx._utils import get_environment_proxies

assert get_environment_proxies() == {"http://": "http://h"}
assert "urllib.request" not in sys.modules
"""
    if sys.platform not in ("win32", "darwin"):
        subprocess.run(
            [sys.executable, "-c", program], check=True, env={"http_proxy": "h", "PYTHONPATH": ":".join(sys.path)}
        )


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_settings_of_the_system_are_used(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"http": "h:1", "no": "x.example", "ftp": "f"})
    assert get_environment_proxies() == {"http://": "http://h:1", "all://*x.example": None}


HOSTNAMES = [
    "127.0.0.1",
    "1.2.3",
    "01.2.3.4",
    "10.0.0.0/8",
    "::1",
    "[::1]",
    "fe80::/10",
    "fe80::1%x",
    "",
    "example.com",
    "/",
]


@pytest.mark.parametrize("hostname", HOSTNAMES)
def test_addresses_are_told_as_in_httpx(hostname: str) -> None:
    assert _utils.is_ipv4_hostname(hostname) is theirs.is_ipv4_hostname(hostname)
    assert _utils.is_ipv6_hostname(hostname) is theirs.is_ipv6_hostname(hostname)


def test_conversions() -> None:
    assert (_utils.to_bytes("ü"), _utils.to_bytes(b"x"), _utils.to_bytes("ü", "latin-1")) == (
        b"\xc3\xbc",
        b"x",
        b"\xfc",
    )
    assert (_utils.to_str(b"\xc3\xbc"), _utils.to_str("x"), _utils.to_str(b"\xfc", "latin-1")) == ("ü", "x", "ü")
    assert (_utils.to_bytes_or_str("x", "y"), _utils.to_bytes_or_str("x", b"y")) == ("x", b"x")
    assert [_utils.unquote(value) for value in ('"a"', "a", '"a', '"', '""', "")] == ["a", "a", '"a', '"', "", ""]


def test_length_of_files(tmp_path: Path) -> None:
    class Unseekable(io.RawIOBase):
        def seekable(self) -> bool:
            return False

    memory = io.BytesIO(b"12345")
    memory.seek(2)
    assert _utils.peek_filelike_length(memory) == 5
    assert memory.tell() == 2
    path = tmp_path / "file"
    path.write_bytes(b"123")
    with path.open("rb") as file:
        assert _utils.peek_filelike_length(file) == 3
    for other in (Unseekable(), iter([b"1"]), None):
        assert _utils.peek_filelike_length(other) is None


LINKS = [
    '<http:/.../front.jpeg>; type="image/jpeg",<http://.../back.jpeg>;',
    '<u>; rel=next, <v>; rel="prev"; title=x',
    "<u>",
    "",
    " ",
    "http://x; rel=y",
    '<a,b>; rel="x"',
    "<u>;rel=next,<v>;rel=last",
    "<u>; rel='next'",
    "<u> ; rel = next",
    '<https://api.example/issues?page=2>; rel="next", <https://api.example/issues?page=9>; rel="last"',
]


@pytest.mark.parametrize("value", LINKS)
def test_links_are_those_of_httpx(value: str) -> None:
    assert parse_header_links(value) == httpx._models._parse_header_links(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # RFC 8288 §3: what is quoted or in the target separates nothing, and a parameter may have no value.
        ('<u>; title="a;b,c=d"; rel=x', [{"url": "u", "title": "a;b,c=d", "rel": "x"}]),
        (r'<u>; title="a\"; b"; rel=x', [{"url": "u", "title": r"a\"; b", "rel": "x"}]),
        ("<u;v,w>; rel=x", [{"url": "u;v,w", "rel": "x"}]),
        ("<u>; crossorigin; rel=x", [{"url": "u", "rel": "x"}]),
        (",, ;, ", []),
        ('<u>; title="never closed, <v>', [{"url": "u", "title": "never closed, <v>"}]),
        ("<u", [{"url": "u"}]),
    ],
)
def test_links_that_httpx_does_not_read(value: str, expected: list[dict[str, str]]) -> None:
    assert parse_header_links(value) == expected


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="<>;,=\"' ab\\", max_size=30))
def test_any_link_gives_a_list(value: str) -> None:
    assert all(link["url"] for link in parse_header_links(value))
