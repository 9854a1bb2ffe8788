"""`Timeout`, `Limits`, `Proxy` and TLS contexts against httpx 0.28's, and what is ours in them."""

from __future__ import annotations

import copy
import itertools
import pickle
import ssl
from typing import TYPE_CHECKING, Any

import certifi
import httpx
import pytest
import trustme

from cyhttpx import _config
from cyhttpx._config import UNSET, Limits, Proxy, Timeout, create_ssl_context
from cyhttpx._exceptions import InvalidURL
from cyhttpx._urls import URL

if TYPE_CHECKING:
    from pathlib import Path


def outcome(make: Any) -> Any:
    try:
        made = make()
    except Exception as error:
        return type(error).__name__, str(error)
    return repr(made)


def facts(timeout: Any) -> Any:
    return timeout.connect, timeout.read, timeout.write, timeout.pool, timeout.as_dict(), repr(timeout)


TIMEOUTS: list[Any] = [None, 0, 5, 2.5, (1, 2), (1, 2, 3), (1, 2, 3, 4), (None, 1.5, None, 2), (1, 2, 3, 4, 5)]


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_timeouts_are_those_of_httpx(timeout: Any) -> None:
    assert facts(Timeout(timeout)) == facts(httpx.Timeout(timeout))
    assert facts(Timeout(Timeout(timeout))) == facts(httpx.Timeout(httpx.Timeout(timeout)))
    assert Timeout(timeout).total is None


def test_every_combination_of_keywords_is_that_of_httpx() -> None:
    for present in itertools.product([False, True], repeat=4):
        names = [name for name, there in zip(("connect", "read", "write", "pool"), present, strict=True) if there]
        for default in ((), (9,), (None,)):
            keywords = {name: number for number, name in enumerate(names)}
            ours = outcome(lambda d=default, k=keywords: Timeout(*d, **k))
            assert ours == outcome(lambda d=default, k=keywords: httpx.Timeout(*d, **k)), (default, keywords)


def test_keyword_none_is_no_limit() -> None:
    assert facts(Timeout(5, connect=None)) == facts(httpx.Timeout(5, connect=None))


@pytest.mark.parametrize("keyword", ["connect", "read", "write", "pool"])
def test_a_timeout_and_keywords_exclude_each_other(keyword: str) -> None:
    with pytest.raises(AssertionError):
        Timeout(Timeout(5), **{keyword: 1})


@pytest.mark.parametrize("wrong", [-1, -0.5, float("nan"), (1, -1)])
def test_timeouts_that_are_none(wrong: Any) -> None:
    with pytest.raises(ValueError, match="number of seconds"):
        Timeout(wrong)


@pytest.mark.parametrize("wrong", ["5", [5], {}])
def test_timeouts_that_are_no_numbers(wrong: Any) -> None:
    with pytest.raises(TypeError):
        Timeout(wrong)


def test_total() -> None:
    timeout = Timeout(5, total=30)
    assert timeout.total == 30
    assert timeout.as_dict() == {"connect": 5, "read": 5, "write": 5, "pool": 5, "total": 30}
    assert repr(timeout) == "Timeout(timeout=5, total=30)"
    assert repr(Timeout(5, read=1, total=2)) == "Timeout(connect=5, read=1, write=5, pool=5, total=2)"
    assert timeout != Timeout(5)
    assert Timeout(timeout) == timeout
    assert Timeout(timeout, total=7).total == 7
    assert Timeout((1, 2, 3, 4), total=7).total == 7
    with pytest.raises(ValueError, match="number of seconds"):
        Timeout(5, total=-1)


def test_equality_pickle_and_copy() -> None:
    timeout, limits = Timeout(5, read=None, total=1), Limits(max_connections=3, max_lifetime=60)
    assert timeout != 5
    assert limits != 5
    assert Timeout(5) == Timeout(5.0)
    assert Timeout(5) != Timeout(5, pool=4)
    for value in (timeout, limits):
        assert pickle.loads(pickle.dumps(value)) == copy.copy(value) == copy.deepcopy(value) == value
        with pytest.raises(TypeError):
            hash(value)
    timeout.read = 3.0
    assert timeout.read == 3.0


def test_defaults_are_those_of_httpx() -> None:
    assert repr(_config.DEFAULT_TIMEOUT_CONFIG) == repr(httpx._config.DEFAULT_TIMEOUT_CONFIG)
    assert repr(_config.DEFAULT_LIMITS) == repr(httpx._config.DEFAULT_LIMITS)
    assert _config.DEFAULT_MAX_REDIRECTS == httpx._config.DEFAULT_MAX_REDIRECTS


def test_unset_is_one_object() -> None:
    assert pickle.loads(pickle.dumps(UNSET)) is copy.deepcopy(UNSET) is UNSET
    assert repr(UNSET) == "UNSET"


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"max_connections": 1},
        {"max_keepalive_connections": 2},
        {"keepalive_expiry": None},
        {"keepalive_expiry": 1.5},
    ],
)
def test_limits_are_those_of_httpx(keywords: dict[str, Any]) -> None:
    ours, theirs = Limits(**keywords), httpx.Limits(**keywords)
    assert repr(ours) == repr(theirs)
    for name in ("max_connections", "max_keepalive_connections", "keepalive_expiry"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours == Limits(**keywords)
    assert (ours.max_connections_per_host, ours.max_lifetime) == (None, None)


def test_our_limits() -> None:
    limits = Limits(max_connections=9, max_connections_per_host=3, max_lifetime=60.0)
    assert repr(limits) == (
        "Limits(max_connections=9, max_keepalive_connections=None, keepalive_expiry=5.0, "
        "max_connections_per_host=3, max_lifetime=60.0)"
    )
    assert limits != Limits(max_connections=9)
    with pytest.raises(TypeError):
        Limits(9)  # type: ignore[call-arg]


PROXIES: list[tuple[str, dict[str, Any]]] = [
    ("http://proxy:8080", {}),
    ("https://proxy", {"auth": ("u", "p")}),
    ("http://user:p%40ss@proxy", {}),
    ("http://user@proxy", {"auth": ("x", "y")}),
    ("socks5://proxy", {"headers": {"X-Key": "v"}}),
    ("socks5h://u:p@[::1]:1080", {}),
    ("http://ü:é@proxy/path", {}),
    ("ftp://u:p@proxy", {}),
    ("proxy:8080", {}),
    ("", {}),
]


@pytest.mark.parametrize(("url", "keywords"), PROXIES)
def test_proxies_are_those_of_httpx(url: str, keywords: dict[str, Any]) -> None:
    expected = outcome(lambda: httpx.Proxy(url, **keywords))
    assert outcome(lambda: Proxy(url, **keywords)) == expected
    assert outcome(lambda: Proxy(URL(url), **keywords)) == expected
    if isinstance(expected, str):
        ours, theirs = Proxy(url, **keywords), httpx.Proxy(url, **keywords)
        assert (str(ours.url), ours.auth, ours.raw_auth) == (str(theirs.url), theirs.auth, theirs.raw_auth)
        assert ours.headers.multi_items() == theirs.headers.multi_items()


def test_a_proxy_keeps_its_context_and_its_secrets() -> None:
    context = ssl.create_default_context()
    proxy = Proxy("https://u:secret@proxy", ssl_context=context, headers={"Proxy-Authorization": "secret", "X": "y"})
    assert proxy.ssl_context is context
    assert "secret" not in repr(proxy)
    assert "'y'" in repr(proxy)
    with pytest.raises(InvalidURL):
        Proxy("http://[::1")
    with pytest.raises(TypeError):
        Proxy(None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate authority's file, and a file with a client's certificate and key."""
    folder = tmp_path_factory.mktemp("certificates")
    made = trustme.CA()
    made.cert_pem.write_to_path(folder / "ca.pem")
    made.issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path(folder / "client.pem")
    return folder / "ca.pem", folder / "client.pem"


@pytest.fixture(autouse=True)
def _no_ssl_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


def settings_of(context: ssl.SSLContext) -> Any:
    return (
        context.verify_mode,
        context.check_hostname,
        context.protocol,
        context.options,
        context.verify_flags,
        context.cert_store_stats(),
    )


@pytest.mark.parametrize("keywords", [{}, {"verify": False}, {"trust_env": False}])
def test_contexts_are_those_of_httpx(keywords: dict[str, Any]) -> None:
    assert settings_of(create_ssl_context(**keywords)) == settings_of(httpx.create_ssl_context(**keywords))


def test_verifies_against_certifi() -> None:
    context = create_ssl_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    expected = ssl.create_default_context(cafile=certifi.where())
    assert context.cert_store_stats() == expected.cert_store_stats()


def test_verify_may_be_a_context() -> None:
    context = ssl.create_default_context()
    assert create_ssl_context(context) is context


@pytest.mark.parametrize(
    ("environment", "trust_env", "expected"),
    [
        ({}, True, {"cafile": certifi.where()}),
        ({"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}, True, {"cafile": certifi.where()}),
        ({"SSL_CERT_FILE": "/a/file"}, True, {"cafile": "/a/file"}),
        ({"SSL_CERT_DIR": "/a/dir"}, True, {"capath": "/a/dir"}),
        ({"SSL_CERT_FILE": "/a/file", "SSL_CERT_DIR": "/a/dir"}, True, {"cafile": "/a/file"}),
        ({"SSL_CERT_FILE": "/a/file", "SSL_CERT_DIR": "/a/dir"}, False, {"cafile": certifi.where()}),
    ],
)
def test_authorities_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], trust_env: bool, expected: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(ssl, "create_default_context", lambda **keywords: keywords)
    assert create_ssl_context(trust_env=trust_env) == expected  # type: ignore[comparison-overlap]
    assert httpx.create_ssl_context(trust_env=trust_env) == expected  # type: ignore[comparison-overlap]


def test_verify_as_a_path_is_deprecated(authority: tuple[Path, Path]) -> None:
    with pytest.warns(DeprecationWarning, match="verify=<str>") as warned:
        context = create_ssl_context(str(authority[0]))
    assert warned[0].filename == __file__
    assert context.cert_store_stats()["x509_ca"] == 1
    with pytest.warns(DeprecationWarning, match="verify=<str>"):
        context = create_ssl_context(str(authority[0].parent))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.cert_store_stats()["x509_ca"] == 0


def test_cert_is_deprecated_but_loaded(authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Any] = []
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", lambda self, *given: loaded.append(given))
    certificate = str(authority[1])
    for cert in (certificate, (certificate, "key"), (certificate, "key", "password")):
        with pytest.warns(DeprecationWarning, match="cert="):
            create_ssl_context(cert=cert)
    assert loaded == [(certificate,), (certificate, "key"), (certificate, "key", "password")]
    with pytest.warns(DeprecationWarning, match="deprecated"):
        create_ssl_context(str(authority[0]), cert=certificate)
    assert loaded[3:] == [(certificate,)]


def test_cert_is_really_read(authority: tuple[Path, Path]) -> None:
    with pytest.warns(DeprecationWarning, match="cert="):
        create_ssl_context(cert=str(authority[1]))
    with pytest.warns(DeprecationWarning, match="cert="), pytest.raises(ssl.SSLError):
        create_ssl_context(cert=str(authority[0]))
    with pytest.warns(DeprecationWarning, match="cert="), pytest.raises(FileNotFoundError):
        create_ssl_context(cert=str(authority[0].parent / "missing.pem"))
    with pytest.warns(DeprecationWarning, match="verify=<str>"), pytest.raises(FileNotFoundError):
        create_ssl_context(str(authority[0].parent / "missing.pem"))
