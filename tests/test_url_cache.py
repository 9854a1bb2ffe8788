"""`cached_url`: one object per text, and never more than its bound."""

from __future__ import annotations

import threading

import pytest

from cyhttpx import _urls
from cyhttpx._exceptions import InvalidURL
from cyhttpx._urls import URL, cached_url


def test_cache_returns_the_same_object() -> None:
    text = "http://cache.example/" + "a" * 10
    assert cached_url(text) is cached_url("http://cache.example/aaaaaaaaaa")
    assert cached_url(text) == URL(text)
    # Two texts of one URL, and a relative URL, are entries of their own.
    assert cached_url("HTTP://cache.example/") == cached_url("http://cache.example/")
    assert str(cached_url("/x")) == "/x"


def test_cache_is_bounded_and_keeps_what_is_used() -> None:
    kept = cached_url("http://kept.example/")
    for number in range(5000):
        cached_url(f"http://{number}.example/")
        if number % 100 == 0:
            assert cached_url("http://kept.example/") is kept
        assert len(_urls._young) + len(_urls._old) <= 1024


def test_cache_never_holds_long_urls_or_errors() -> None:
    url = "http://h/" + "a" * 3000
    assert cached_url(url) == cached_url(url)
    assert cached_url(url) is not cached_url(url)
    for _ in range(2):
        with pytest.raises(InvalidURL):
            cached_url("http://[::1")


def test_cache_is_safe_among_threads() -> None:
    wrong: list[str] = []

    def use(seed: int) -> None:
        for number in range(3000):
            text = f"http://{(number * seed) % 1500}.example/"
            if str(cached_url(text)) != text:
                wrong.append(text)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in (1, 7, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
