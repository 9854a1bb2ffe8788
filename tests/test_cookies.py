"""`Cookies` and its jar against httpx 0.28's, which has the stdlib's jar; then laziness, the index and scope."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import Any
from unittest import mock

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyhttpx import _cookiejar
from cyhttpx._cookiejar import CookieRequest, IndexedCookieJar
from cyhttpx._cookies import Cookies, set_cookie_header
from cyhttpx._exceptions import CookieConflict
from cyhttpx._urls import URL


class FakeRequest:
    """As much of a Request as cookies need."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.url = URL(url)
        self.headers = httpx.Headers(headers)


class FakeResponse:
    def __init__(self, url: str, *set_cookies: str) -> None:
        self.request = FakeRequest(url)
        self.headers = httpx.Headers([("Set-Cookie", text) for text in set_cookies])


def header(cookies: Any, url: str, headers: dict[str, str] | None = None) -> str | None:
    request: Any = (
        FakeRequest(url, headers) if isinstance(cookies, Cookies) else httpx.Request("GET", url, headers=headers)
    )
    cookies.set_cookie_header(request)
    value: str | None = request.headers.get("Cookie")
    return value


def receive(cookies: Any, url: str, *set_cookies: str) -> None:
    if isinstance(cookies, Cookies):
        response: Any = FakeResponse(url, *set_cookies)
    else:
        fields = [("Set-Cookie", text) for text in set_cookies]
        response = httpx.Response(200, headers=fields, request=httpx.Request("GET", url))
    cookies.extract_cookies(response)


def stored(cookies: Any) -> list[dict[str, Any]]:
    return sorted((vars(cookie) for cookie in cookies.jar), key=repr)


def test_forms_of_the_argument() -> None:
    jar = CookieJar()
    forms: list[Any] = [None, {}, {"a": "1"}, [("a", "1"), ("b", "2")], Cookies({"a": "1"}), jar]
    for form in forms:
        theirs = httpx.Cookies(dict(form) if isinstance(form, Cookies) else form)
        assert dict(Cookies(form)) == dict(theirs)
        assert repr(Cookies(form)) == repr(theirs)
    assert Cookies(jar).jar is jar
    first = Cookies({"a": "1"})
    assert Cookies(first).jar is not first.jar


def test_an_empty_jar_is_kept_and_filled() -> None:
    jar = CookieJar()
    cookies = Cookies(jar)
    cookies["a"] = "1"
    assert [cookie.name for cookie in jar] == ["a"]
    replacement = CookieJar()
    cookies.jar = replacement
    assert not cookies
    assert cookies.jar is replacement


def test_mapping() -> None:
    cookies = Cookies()
    cookies["a"] = "1"
    cookies.set("b", "2", domain="example.com", path="/x")
    assert (len(cookies), bool(cookies), list(cookies), "a" in cookies) == (2, True, ["a", "b"], True)
    assert dict(cookies) == {"a": "1", "b": "2"}
    assert repr(cookies) == "<Cookies[<Cookie a=1 for  />, <Cookie b=2 for example.com />]>"
    with pytest.raises(KeyError):
        _ = cookies["c"]
    del cookies["c"]
    del cookies["a"]
    assert cookies.pop("b") == "2"
    assert (len(cookies), bool(cookies), list(cookies)) == (0, False, [])


def test_get_and_delete_by_domain_and_path() -> None:
    cookies = Cookies()
    for number, (domain, path) in enumerate([("a.com", "/"), ("a.com", "/x"), ("b.com", "/")]):
        cookies.set("name", str(number), domain=domain, path=path)
    with pytest.raises(CookieConflict, match="Multiple cookies exist with name=name"):
        cookies.get("name")
    with pytest.raises(CookieConflict):
        cookies.get("name", domain="a.com")
    assert cookies.get("name", domain="a.com", path="/x") == "1"
    assert cookies.get("name", domain="b.com") == "2"
    assert cookies.get("name", "default", domain="c.com") == "default"
    cookies.delete("name", domain="a.com", path="/x")
    assert cookies.get("name", domain="a.com") == "0"
    with pytest.raises(KeyError):
        cookies.delete("name", domain="a.com", path="/x")
    cookies.delete("name", path="/")
    assert not cookies
    with pytest.raises(KeyError):
        Cookies().delete("name", domain="a.com", path="/")


def test_clear() -> None:
    def filled() -> Cookies:
        cookies = Cookies({"free": "0"})
        for domain in ("a.com", "b.com"):
            for path in ("/", "/x"):
                cookies.set("name", "1", domain=domain, path=path)
        return cookies

    cookies = filled()
    cookies.clear(domain="a.com", path="/x")
    assert len(cookies) == 4
    cookies.clear(domain="a.com")
    assert len(cookies) == 3
    cookies.clear()
    assert len(cookies) == 0
    Cookies().clear()
    for wrong in ({"domain": "c.com"}, {"domain": "a.com", "path": "/y"}):
        with pytest.raises(KeyError):
            filled().clear(**wrong)
    with pytest.raises(KeyError):
        Cookies().clear("a.com")
    with pytest.raises(AssertionError):
        filled().clear(path="/x")


def test_update() -> None:
    cookies = Cookies({"a": "1"})
    jar = CookieJar()
    jar.set_cookie(_cookiejar.make_cookie("j", "5", "", "/"))
    updates: list[Any] = [{"a": "2"}, [("b", "3")], Cookies({"c": "4"}), Cookies(), jar, None]
    for update in updates:
        cookies.update(update)
    assert dict(cookies) == {"a": "2", "b": "3", "c": "4", "j": "5"}


def test_copies_and_pickles() -> None:
    cookies = Cookies({"a": "1"})
    receive(cookies, "https://example.com/x", "b=2; Max-Age=1000", "c=3; Domain=example.com")
    for after in (pickle.loads(pickle.dumps(cookies)), copy.deepcopy(cookies), Cookies(cookies)):
        assert stored(after) == stored(cookies)
        assert header(after, "https://example.com/") == header(cookies, "https://example.com/")
        after["a"] = "9"
        assert cookies["a"] == "1"
        receive(after, "https://new.example/", "d=4")
        assert header(after, "https://new.example/") == "a=9; d=4"
    assert copy.copy(cookies).jar is cookies.jar
    assert pickle.loads(pickle.dumps(Cookies())) == {}


HOSTS = [
    "example.com",
    "a.example.com",
    "b.a.example.com",
    "notexample.com",
    "localhost",
    "x.local",
    "127.0.0.1",
    "[::1]",
]
PORTS = ["", ":80", ":8080"]
PATHS = ["", "/", "/a", "/a/b", "/ab", "/a/", "/%41%e4", "/ü", "/a;b", "//a"]
urls = st.builds("{}://{}{}{}".format, st.sampled_from(["http", "https"]), *map(st.sampled_from, [HOSTS, PORTS, PATHS]))
attributes = st.sampled_from(
    [
        *[
            "",
            "Path=/",
            "Path=/a",
            "Path=x",
            "Domain=example.com",
            "Domain=.a.example.com",
            "Domain=com",
            "Domain=localhost",
        ],
        *[
            "Secure",
            "HttpOnly",
            "Max-Age=0",
            "Max-Age=100",
            "Max-Age=x",
            "Port",
            "Version=1",
            'Port="80"',
            "SameSite=Lax",
        ],
        *["Domain=127.0.0.1", "Expires=Wed, 21 Oct 2015 07:28:00 GMT", "Expires=Fri, 01 Jan 2100 00:00:00 GMT"],
    ]
)
set_cookies = st.builds(
    "{}={}; {}; {}".format, st.sampled_from("abc"), st.sampled_from(["1", "", '"q"', "x y"]), attributes, attributes
)
domains = st.sampled_from(
    ["", "example.com", ".example.com", "localhost", "localhost.local", "0.0.1", "com", ".", "[::1]"]
)
steps = st.lists(
    st.tuples(st.just("receive"), urls, st.lists(set_cookies, max_size=3))
    | st.tuples(st.just("set"), st.sampled_from("abc"), domains)
    | st.tuples(st.just("delete"), st.sampled_from("abc"), st.none()),
    max_size=12,
)


def play(cookies: Any, script: list[Any]) -> None:
    for number, (what, first, second) in enumerate(script):
        if what == "receive":
            receive(cookies, first, *second)
        elif what == "set":
            cookies.set(first, str(number), domain=second, path="/a" if number % 3 == 0 else "/")
        elif first in cookies:
            cookies.delete(first)


def in_any_order(value: str | None) -> list[str]:
    return sorted((value or "").split("; "))


@settings(max_examples=200, deadline=None)
@given(
    steps, st.lists(urls, min_size=1, max_size=6), st.none() | st.dictionaries(st.sampled_from("abcz"), st.just("9"))
)
def test_stores_and_sends_what_httpx_does(script: list[Any], targets: list[str], extra: dict[str, str] | None) -> None:
    # Max-Age is counted from the second in which a cookie arrives.
    with mock.patch("time.time", return_value=1_700_000_000.0):
        check_against_httpx(script, targets, extra)


def check_against_httpx(script: list[Any], targets: list[str], extra: dict[str, str] | None) -> None:
    # `get` conflicts where `in` is asked, in both alike.
    try:
        theirs = httpx.Cookies()
        play(theirs, script)
    except httpx.CookieConflict:
        with pytest.raises(CookieConflict):
            play(Cookies(), script)
        return
    ours = Cookies()
    play(ours, script)
    assert stored(ours) == stored(theirs)
    assert len(ours) == len(theirs)
    # The order of domains is the stdlib's unless a domain's last cookie was removed: it keeps the place, we don't.
    removed = any("=0" in repr(step) or "2015" in repr(step) or step[0] == "delete" for step in script)
    same: Any = in_any_order if removed else str
    for url in targets:
        assert same(header(ours, url)) == same(header(theirs, url)), url
        merged = httpx.Cookies(theirs)
        merged.update(extra)
        request: Any = FakeRequest(url)
        set_cookie_header(request, ours, extra)
        assert same(request.headers.get("Cookie")) == same(header(merged, url)), url
    assert stored(ours) == stored(theirs)


@settings(max_examples=50, deadline=None)
@given(
    steps,
    urls,
    st.sampled_from(
        [
            {"strict_ns_domain": DefaultCookiePolicy.DomainStrict},
            {"blocked_domains": ["example.com"]},
            {"allowed_domains": ["localhost.local", ".example.com"]},
            {"netscape": False},
            {"rfc2965": True},
            {"secure_protocols": ("https", "http")},
        ]
    ),
)
def test_policies_are_obeyed(script: list[Any], url: str, policy: dict[str, Any]) -> None:
    script = [step for step in script if step[0] != "delete"]
    plain, indexed = Cookies(CookieJar(DefaultCookiePolicy(**policy))), Cookies()
    indexed.jar.set_policy(DefaultCookiePolicy(**policy))
    play(plain, script)
    play(indexed, script)
    assert in_any_order(header(indexed, url)) == in_any_order(header(plain, url))


def test_a_policy_may_send_cookies_elsewhere() -> None:
    class Everywhere(DefaultCookiePolicy):
        def domain_return_ok(self, domain: str, request: object) -> bool:
            return True

        def return_ok_domain(self, cookie: Cookie, request: object) -> bool:
            return True

    cookies = Cookies()
    cookies.set("a", "1", domain="example.com")
    assert header(cookies, "http://other.example/") is None
    cookies.jar.set_policy(Everywhere())
    assert header(cookies, "http://other.example/") == "a=1"


def test_a_cookie_field_of_the_request_wins() -> None:
    for cookies in (Cookies({"a": "1"}), httpx.Cookies({"a": "1"})):
        assert header(cookies, "http://h/", {"cookie": "b=2"}) == "b=2"


def test_userinfo_is_no_part_of_the_host() -> None:
    # In http.cookiejar, and so in httpx, it is.
    cookies = Cookies()
    receive(cookies, "http://user:password@example.com/", "a=1; Domain=example.com")
    assert header(cookies, "http://example.com/") == "a=1"
    assert header(cookies, "http://x:y@www.example.com/") == "a=1"


def test_a_domain_of_others_is_refused() -> None:
    cookies = Cookies()
    for domain in ("other.com", "com", ".com", "b.a.example.com", "xample.com", "127.0.0.1"):
        receive(cookies, "http://a.example.com/", f"a=1; Domain={domain}")
    assert not cookies


def test_set_cookie2_reaches_a_jar_that_wants_it() -> None:
    cookies = Cookies(CookieJar(DefaultCookiePolicy(rfc2965=True)))
    response: Any = FakeResponse("http://example.com/")
    response.headers["Set-Cookie2"] = 'a="1"; Version="1"'
    cookies.extract_cookies(response)
    assert [(cookie.name, cookie.version) for cookie in cookies.jar] == [("a", 1)]


def test_only_candidate_domains_are_visited(monkeypatch: pytest.MonkeyPatch) -> None:
    cookies = Cookies({"free": "1"})
    for number in range(300):
        cookies.set("a", "1", domain=f"d{number}.example")
    visited: list[object] = []
    collect = IndexedCookieJar._collect

    def note(self: IndexedCookieJar, paths: Any, request: CookieRequest, found: list[Cookie]) -> None:
        visited.append(paths)
        collect(self, paths, request, found)

    def refuse(self: IndexedCookieJar) -> Any:
        raise AssertionError("the whole jar was walked")

    monkeypatch.setattr(IndexedCookieJar, "_collect", note)
    monkeypatch.setattr(IndexedCookieJar, "__iter__", refuse)
    assert header(cookies, "http://www.d7.example/") == "free=1; a=1"
    assert len(visited) == 2
    request: Any = FakeRequest("http://d9.example/")
    set_cookie_header(request, cookies, {"z": "1"})
    assert request.headers["Cookie"] == "free=1; z=1; a=1"
    assert cookies
    receive(cookies, "http://d9.example/")


def test_expired_cookies_are_swept_when_due(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    cookies = Cookies()
    receive(cookies, "http://a.com/", "short=1; Max-Age=10", "long=2; Max-Age=100", "session=3")
    receive(cookies, "http://b.com/", "short=1; Max-Age=10")
    assert header(cookies, "http://a.com/") == "short=1; long=2; session=3"
    now += 50
    assert header(cookies, "http://a.com/") == "long=2; session=3"
    assert sorted(cookies) == ["long", "session"]
    now += 100
    assert header(cookies, "http://a.com/") == "session=3"
    assert list(cookies) == ["session"]


def test_nothing_is_left_of_removed_domains() -> None:
    cookies = Cookies()
    for number in range(50):
        receive(cookies, f"http://d{number}.example/", "a=1")
        receive(cookies, f"http://d{number}.example/", "a=1; Max-Age=0")
    jar: Any = cookies.jar
    assert (jar._cookies, jar._ranks) == ({}, {})


def test_an_empty_store_costs_no_import() -> None:
    program = """
import sys
from cyhttpx._cookies import Cookies, set_cookie_header

cookies = Cookies()
cookies.update({}), cookies.update(Cookies()), cookies.update(None), cookies.clear(), cookies.delete("a")
bool(cookies), len(cookies), list(cookies), repr(cookies), cookies.get("a"), "a" in cookies, Cookies(cookies)
cookies.set_cookie_header(None), set_cookie_header(None, cookies), set_cookie_header(None, cookies, {})
assert "http.cookiejar" not in sys.modules
cookies["a"] = "1"
assert "http.cookiejar" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
