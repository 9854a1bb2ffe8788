"""What a client makes of its configuration and of the arguments: `build_request`, properties, errors of construction."""

from __future__ import annotations

from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .both import LIBRARIES, assert_same, attribute, plain

if TYPE_CHECKING:
    from collections.abc import Callable


def mock(library: Any) -> Any:
    return library.MockTransport(lambda request: library.Response(200))


def built(library: Any, of_client: dict[str, Any], *arguments: Any, **of_request: Any) -> Any:
    """A request as a client makes it, but for the User-Agent."""
    client = library.AsyncClient(transport=mock(library), **of_client)
    request = client.build_request(*arguments, **of_request)
    if request.headers.get("User-Agent") == f"python-{library.__name__}/{library.__version__}":
        request.headers["User-Agent"] = "default"
    return request


BASES: list[Any] = ["", "http://h", "http://h/", "http://h/a", "http://h/a/", "http://h/a/?q=1", "http://u:p@h:81/a#f", "http://ü.de/ü/",
                    "/only/path", "http:", "//h/a", "mailto:x"]  # fmt: skip
TARGETS: list[Any] = ["", "/", "b", "/b", "//b", "///b", "b/../c", "/b?x=1#y", "?x=1", "#y", "http://other/b", "https://h", "//other/b",
                      "ü ?ü", ".", "..", "b//c", "http:", "http:///b", "mailto:b", "a:b", ":b", "h:80/x", "http:b"]  # fmt: skip


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("url", TARGETS)
def test_base_url(base: Any, url: Any) -> None:
    assert_same(lambda library: built(library, {"base_url": base}, "GET", url))
    assert_same(lambda library: built(library, {"base_url": library.URL(base)}, "GET", library.URL(url)))
    assert_same(lambda library: str(library.AsyncClient(base_url=base, transport=mock(library)).base_url))


@pytest.mark.parametrize("url", ["http://h:x/", "http://[h/", "http://h\n", 5, None, b"http://h"])
def test_what_is_no_url(url: Any) -> None:
    assert_same(lambda library: built(library, {}, "GET", url))
    assert_same(lambda library: built(library, {"base_url": url}, "GET", "/"))


PARAMS: list[Any] = [
    None,
    {},
    [],
    "",
    {"a": "1"},
    {"a": [1, 2], "b": None},
    [("a", 1), ("a", 2)],
    "a=1&b",
    b"c=3",
    {"y": "new"},
]


@pytest.mark.parametrize("of_client", PARAMS)
@pytest.mark.parametrize("of_request", PARAMS)
@pytest.mark.parametrize("url", ["http://h/p", "http://h/p?y=1&z=2&y=3#f", "/p?y="])
def test_params(of_client: Any, of_request: Any, url: str) -> None:
    assert_same(
        lambda library: built(library, {"params": of_client, "base_url": "http://b/"}, "GET", url, params=of_request)
    )


HEADERS: list[Any] = [
    None,
    {},
    {"X-A": "1"},
    {"x-a": "2", "X-B": "3"},
    [("X-A", "1"), ("X-A", "2")],
    {"Accept": "text/plain", "connection": "close"},
    {"user-agent": "mine", "Accept-Encoding": "identity"},
    [("Accept", "a"), ("accept", "b")],
    {"Host": "elsewhere", "Content-Length": "3"},
    {b"X-Bytes": b"\xff"},
    {"Content-Type": "x/y"},
]


@pytest.mark.parametrize("of_client", HEADERS)
@pytest.mark.parametrize("of_request", HEADERS)
def test_headers(of_client: Any, of_request: Any) -> None:
    for arguments in ({}, {"content": b"abc"}, {"json": 1}):
        assert_same(
            lambda library, arguments=arguments: built(
                library, {"headers": of_client}, "POST", "http://h", headers=of_request, **arguments
            )
        )


names = st.sampled_from(
    ["A", "a", "B", "Accept", "ACCEPT", "Host", "Connection", "Content-Length", "Cookie", "User-Agent"]
)
fields = (
    st.none()
    | st.lists(st.tuples(names, st.text("abc", max_size=3)), max_size=4)
    | st.dictionaries(names, st.just("x"))
)


@settings(max_examples=150, deadline=None)
@given(fields, fields, st.sampled_from(["GET", "POST", "delete"]))
def test_any_headers(of_client: Any, of_request: Any, method: str) -> None:
    assert_same(lambda library: built(library, {"headers": of_client}, method, "http://h", headers=of_request))


def jar(library: Any) -> Any:
    cookies = library.Cookies()
    cookies.set("a", "jar", domain="h.example")
    cookies.set("deep", "1", domain="h.example", path="/p")
    cookies.set("other", "2", domain="other.example")
    return cookies


COOKIES: list[Callable[[Any], Any]] = [
    lambda library: None,
    lambda library: {},
    lambda library: {"a": "1"},
    lambda library: {"b": "2", "c": "x y"},
    lambda library: [("a", "3"), ("a", "4")],
    jar,
    lambda library: jar(library).jar,
    lambda library: CookieJar(),
]


@pytest.mark.parametrize("of_client", COOKIES)
@pytest.mark.parametrize("of_request", COOKIES)
@pytest.mark.parametrize("headers", [None, {"Cookie": "own=1"}])
def test_cookies(of_client: Callable[[Any], Any], of_request: Callable[[Any], Any], headers: Any) -> None:
    def made(library: Any) -> Any:
        client = library.AsyncClient(transport=mock(library), cookies=of_client(library))
        before = repr(client.cookies)
        request = client.build_request("GET", "http://h.example/p/q", cookies=of_request(library), headers=headers)
        return [
            request.headers.get_list("cookie"),
            [name for name, _ in request.headers.raw],
            before == repr(client.cookies),
        ]

    assert_same(made)


TIMEOUTS: list[Any] = [
    None,
    0,
    5,
    2.5,
    (1, 2, 3, 4),
    (1, 2),
    (None, 1, 2),
    "Timeout(3)",
    "Timeout(None)",
    "Timeout(1, read=None)",
]


def timeout_of(library: Any, value: Any) -> Any:
    return eval("library." + value, {"library": library}) if isinstance(value, str) else value


@pytest.mark.parametrize("of_client", ["default", *TIMEOUTS])
@pytest.mark.parametrize("of_request", ["default", *TIMEOUTS])
@pytest.mark.parametrize("extensions", [None, {}, {"trace": 1}, {"timeout": {"read": 9}, "x": 2}])
def test_timeout_and_extensions(of_client: Any, of_request: Any, extensions: Any) -> None:
    def made(library: Any) -> Any:
        ours = {} if of_client == "default" else {"timeout": timeout_of(library, of_client)}
        theirs = {} if of_request == "default" else {"timeout": timeout_of(library, of_request)}
        request = built(library, ours, "GET", "http://h", extensions=extensions, **theirs)
        return [request.extensions, extensions]

    assert_same(made)


@pytest.mark.parametrize("wrong", ["5", [1, 2], {"read": 1}, object])
def test_what_is_no_timeout(wrong: Any) -> None:
    # httpx takes anything, and fails when it waits; we say so at once: `timeouts-are-numbers`.
    library = LIBRARIES["cyhttpx"]
    with pytest.raises((TypeError, ValueError)):
        library.AsyncClient(timeout=wrong)


METHODS = ["get", "POST", "Put", "ß", "", "A B"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "arguments", [{}, {"json": {"a": 1}}, {"data": {"a": "b"}}, {"content": "x", "data": {"a": "b"}}]
)
def test_methods_and_bodies(method: str, arguments: Any) -> None:
    assert_same(lambda library: built(library, {}, method, "http://h", **arguments))


# Properties


def test_defaults() -> None:
    def shown(library: Any) -> Any:
        client = library.AsyncClient(transport=mock(library))
        return {
            name: attribute(client, name)
            for name in ("auth", "base_url", "cookies", "event_hooks", "follow_redirects", "is_closed", "max_redirects", "params",
                         "timeout", "trust_env")
        } | {"headers": [name for name, _ in client.headers.raw], "accept": client.headers["Accept-Encoding"]}  # fmt: skip

    assert_same(shown)


SETTINGS: list[tuple[str, Any]] = [
    ("base_url", "http://h/a"),
    ("base_url", "http://h:x"),
    ("base_url", None),
    ("cookies", {"a": "b"}),
    ("cookies", None),
    ("event_hooks", {"request": [len]}),
    ("event_hooks", {"response": (len, repr), "other": [1]}),
    ("event_hooks", {}),
    ("event_hooks", None),
    ("event_hooks", {"request": None}),
    ("params", "a=b"),
    ("params", None),
    ("timeout", 3),
    ("timeout", None),
    ("timeout", (1, 2, 3, 4)),
    ("auth", ("u", "p")),
    ("auth", None),
    ("auth", len),
    ("auth", "text"),
    ("auth", 5),
    ("auth", ("only one",)),
    ("max_redirects", 3),
    ("follow_redirects", True),
    ("is_closed", True),
    ("trust_env", False),
]


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_settings(name: str, value: Any) -> None:
    def changed(library: Any) -> Any:
        client = library.AsyncClient(transport=mock(library))
        try:
            setattr(client, name, value)
        except AttributeError:
            return "AttributeError"
        shown = getattr(client, name)
        return plain(shown) if name != "auth" else type(shown)

    assert_same(changed)
    if name != "is_closed":
        assert_same(lambda library: library.AsyncClient(transport=mock(library), **{name: value}).is_closed)


def test_headers_can_be_set() -> None:
    def changed(library: Any) -> Any:
        client = library.AsyncClient(transport=mock(library), headers={"X-A": "1"})
        client.headers = {"X-B": "2", "accept": "text/plain"}
        client.headers["X-C"] = "3"
        del client.headers["user-agent"]
        return client.build_request("GET", "http://h").headers.raw

    assert_same(changed)


def test_parts_can_be_changed_in_place() -> None:
    def changed(library: Any) -> Any:
        client = library.AsyncClient(transport=mock(library))
        client.cookies["a"] = "b"
        client.cookies.set("c", "d", domain="h.example")
        client.params = client.params.set("x", 1)
        client.event_hooks["request"].append(len)
        return [
            client.build_request("GET", "http://h.example").headers["cookie"],
            str(client.params),
            client.event_hooks,
        ]

    assert_same(changed)


def test_what_is_given_is_copied() -> None:
    def changed(library: Any) -> Any:
        headers, hooks, cookies = library.Headers({"X-A": "1"}), {"request": ["a hook"]}, {"a": "b"}
        client = library.AsyncClient(transport=mock(library), headers=headers, event_hooks=hooks, cookies=cookies)
        headers["X-A"] = "2"
        hooks["request"].append("another")
        cookies["c"] = "d"
        return [client.headers["X-A"], len(client.event_hooks["request"]), dict(client.cookies)]

    assert_same(changed)


def test_a_jar_is_kept() -> None:
    def kept(library: Any) -> Any:
        jar = CookieJar()
        client = library.AsyncClient(transport=mock(library), cookies=jar)
        client.cookies["a"] = "b"
        return [client.cookies.jar is jar, len(jar)]

    assert_same(kept)


def test_a_request_shares_nothing_with_its_client() -> None:
    def changed(library: Any) -> Any:
        client = library.AsyncClient(transport=mock(library), headers={"X-A": "1"}, timeout=3)
        first = client.build_request("GET", "http://h")
        first.headers["X-A"] = "2"
        first.extensions["timeout"]["read"] = 9
        first.extensions["mine"] = 1
        second = client.build_request("GET", "http://h")
        return [client.headers["X-A"], second.headers["X-A"], second.extensions, client.timeout]

    assert_same(changed)


@pytest.mark.parametrize(
    "mounts", [{}, {"http://": None}, {"all://": "mock"}, {"http": None}, {"http:/x": None}, {"": None}, {"all": 1}]
)
def test_mounts(mounts: Any) -> None:
    def sorted_patterns(library: Any) -> Any:
        given = {key: mock(library) if value == "mock" else value for key, value in mounts.items()}
        client = library.AsyncClient(transport=mock(library), mounts=given)
        return [
            [pattern.pattern for pattern in client._mounts],
            client._transport_for_url(library.URL("http://h")) is client._transport,
        ]

    assert_same(sorted_patterns)
