"""multipart/form-data: the same bytes as httpx for the same boundary, and what goes beyond it."""

from __future__ import annotations

import asyncio
import email.parser
import email.policy
import io
import os
import tempfile
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from httpx import _multipart as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from cyhttpx._content import encode_request
from cyhttpx._exceptions import StreamConsumed
from cyhttpx._multipart import DataField, FileField, MultipartStream, get_multipart_boundary_from_content_type
from cyhttpx._types import AsyncByteStream, SyncByteStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

few = settings(max_examples=100, deadline=None)


async def gather(stream: Any) -> list[bytes]:
    return [part async for part in stream]


def read(stream: MultipartStream) -> bytes:
    """The body, which must be the same both ways, and as long as was said."""
    content = b"".join(asyncio.run(gather(stream)))
    assert all(stream)
    assert b"".join(stream) == content
    length = stream.get_content_length()
    assert length is None or length == len(content)
    return content


def both(data: Any, files: Any) -> tuple[Any, Any]:
    """Headers in their order and body, from here and from httpx."""
    ours = MultipartStream(data(), files(), boundary=b"BoUnDaRy")
    theirs = oracle.MultipartStream(data(), files(), boundary=b"BoUnDaRy")
    return (
        (list(ours.get_headers().items()), read(ours)),
        (list(theirs.get_headers().items()), b"".join(theirs)),
    )


class Plain:
    """A file that can only be read."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def read(self, size: int) -> bytes:
        return self._file.read(size)


def moved() -> io.BytesIO:
    file = io.BytesIO(b"0123456789")
    file.read(4)
    return file


def named(name: Any) -> io.BytesIO:
    file = io.BytesIO(b"x")
    file.name = name
    return file


# The same as httpx

FORMS: list[tuple[Any, Any]] = [
    ({}, {"file": b"content"}),
    ({}, {"file": "text \u20ac"}),
    ({"a": "b", "c": b"\xff\x00", "d": 1, "e": 2.5, "f": True, "g": None, "h": ""}, {"file": b""}),
    ({"a": ["1", 2, b"3", None], "b": ("x", "y"), "c": [], "d": ()}, {"file": b""}),
    ({"a": "b"}, {}),
    ({}, {}),
    ({}, {"file": ("name.txt", b"x")}),
    ({}, {"file": ("name.tar.gz", b"x")}),
    ({}, {"file": ("name.unknown-extension", b"x")}),
    ({}, {"file": ("no extension", "text")}),
    ({}, {"file": (None, b"x")}),
    ({}, {"file": ("", b"x")}),
    ({}, {"file": (None, b"x", "text/plain")}),
    ({}, {"file": ("name.txt", b"x", None)}),
    ({}, {"file": ("name.txt", b"x", "")}),
    ({}, {"file": ("name.txt", b"x", "image/png")}),
    ({}, {"file": ("name.txt", b"x", "image/png", {"X-Header": "v", "Expires": "\u20ac \t;"})}),
    ({}, {"file": ("name.txt", b"x", "image/png", {"CONTENT-type": "q/r"})}),
    ({}, {"file": ("name.txt", b"x", None, {"X-Content-Type-Y": "q/r"})}),
    ({}, [("f", b"1"), ("f", ("n", b"2")), ("g", "3")]),
    ({}, (("f", b"1"), ("f", b"2"))),
    ({'quote" back\\slash \r\n\x00\x1b\x1f\x7f n\xf6n-ASCII \u20ac': "v"}, {'"\\': ('a"\r\nX: y\\.txt', b"x")}),
    ({"": ""}, {"": ("", b"")}),
    ({"large": "x" * 200_000}, {"large": b"y" * 200_000}),
    ({f"field{number}": str(number) * 50 for number in range(3000)}, {"file": b"x"}),
]


@pytest.mark.parametrize(("data", "files"), FORMS, ids=[str(number) for number in range(len(FORMS))])
def test_forms_as_httpx(data: Any, files: Any) -> None:
    ours, theirs = both(lambda: data, lambda: files)
    assert ours == theirs


@pytest.mark.parametrize(
    "make",
    [
        lambda: io.BytesIO(b""),
        lambda: io.BytesIO(b"content"),
        lambda: io.BytesIO(os.urandom(1) * 200_000),
        lambda: ("name.html", io.BytesIO(b"content"), "text/html", {"X": "y"}),
        moved,
        lambda: ("name", moved()),
        lambda: named("dir/file.txt"),
        lambda: named("dir/"),
        lambda: named(""),
        lambda: named(3),
        lambda: named(None),
    ],
)
def test_files_as_httpx(make: Callable[[], Any]) -> None:
    fixed = make()
    ours, theirs = both(dict, lambda: {"file": fixed})
    assert ours == theirs
    assert ours[0][0][0] == "Content-Length"


def test_files_that_are_only_read_as_httpx() -> None:
    ours = MultipartStream({"a": "b"}, {"file": Plain(b"x" * 100_000)}, boundary=b"B")  # type: ignore[dict-item]
    theirs = oracle.MultipartStream({"a": "b"}, {"file": Plain(b"x" * 100_000)}, boundary=b"B")  # type: ignore[dict-item]
    assert list(ours.get_headers().items()) == list(theirs.get_headers().items())
    assert ours.get_headers()["Transfer-Encoding"] == "chunked"
    assert b"".join(ours) == b"".join(theirs)


def test_files_on_disk_as_httpx(tmp_path: Path) -> None:
    (tmp_path / "f\xf6 o.json").write_bytes(b"{}" * 50_000)
    with (tmp_path / "f\xf6 o.json").open("rb") as file, tempfile.TemporaryFile() as temporary:
        temporary.write(b"abc")
        temporary.flush()
        ours, theirs = both(dict, lambda: {"a": file, "b": temporary})
        assert ours == theirs
        assert b"Content-Type: application/json\r\n" in ours[1]


names = st.text(max_size=12)
contents = st.one_of(st.binary(max_size=40), st.text(max_size=20), st.binary(max_size=40).map(io.BytesIO))


@few
@given(
    data=st.dictionaries(
        names, st.one_of(st.text(max_size=9), st.binary(max_size=9), st.integers(), st.none()), max_size=4
    ),
    files=st.lists(st.tuples(names, st.one_of(contents, st.tuples(st.one_of(st.none(), names), contents))), max_size=4),
)
def test_any_form_as_httpx(data: dict[str, Any], files: list[Any]) -> None:
    ours, theirs = both(lambda: data, lambda: files)
    assert ours == theirs


@pytest.mark.parametrize(
    ("data", "files"),
    [
        ({5: "v"}, {}),
        ({b"a": "v"}, {}),
        ({"a": {}}, {}),
        ({"a": [[]]}, {}),
        ({"a": io.BytesIO()}, {}),
        ({"a": bytearray()}, {}),
        ({"a": object}, {}),
        ({}, {"a": io.StringIO("x")}),
        ({}, {"a": ("name", io.StringIO("x"))}),
        ({}, {"a": io.TextIOWrapper(io.BytesIO())}),
    ],
)
def test_wrong_types_as_httpx(data: Any, files: Any) -> None:
    with pytest.raises(TypeError) as expected:
        oracle.MultipartStream(data, files)
    with pytest.raises(TypeError) as caught:
        MultipartStream(data, files)
    assert str(caught.value) == str(expected.value)


@pytest.mark.parametrize(
    "file",
    [
        None,
        5,
        object(),
        ["name", b"x"],
        {"name": b"x"},
        {b"x"},
        ("name", None),
        ("name", ("name", b"x")),
        (5, b"x"),
        (b"name", b"x"),
        ("name", b"x", b"text/plain"),
        ("name", b"x", 5),
        ("name", b"x", None, {"X": 5}),
        ("name", b"x", None, {b"X": "y"}),
    ],
)
def test_other_wrong_types(file: Any) -> None:
    with pytest.raises(TypeError):
        MultipartStream({}, {"file": file})


def test_wrong_names_and_tuples() -> None:
    for name in (5, b"file", None):
        with pytest.raises(TypeError, match="Invalid type for name"):
            MultipartStream({}, {name: b"x"})  # type: ignore[dict-item]
    for wrong in (("name",), ("name", b"x", None, {}, 5)):
        with pytest.raises(ValueError, match="unpack"):
            MultipartStream({}, {"file": wrong})  # type: ignore[dict-item]


# Boundaries


def test_a_boundary_is_random() -> None:
    first, second = (MultipartStream({}, {"f": b"x"}) for _ in range(2))
    assert len(first.boundary) == 32
    assert first.boundary != second.boundary
    assert first.content_type == f"multipart/form-data; boundary={first.boundary.decode()}"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        b"",
        b"text/plain; boundary=x",
        b"multipart/mixed; boundary=x",
        b"multipart/form-data",
        b"multipart/form-data;",
        b"multipart/form-data; charset=utf-8",
        b"multipart/form-data; boundary=x",
        b"multipart/form-data;boundary=x",
        b"multipart/form-data; BOUNDARY=x",
        b'multipart/form-data; boundary="x"',
        b'multipart/form-data; charset=utf-8; boundary="x y"; q=1',
        b"multipart/form-data; boundary=x ; q=1",
        b"multipart/form-data; xboundary=y; boundary=x",
        b"multipart/form-data; boundary=",
        b"multipart/form-data; boundary=+++",
    ],
)
def test_the_boundary_of_a_content_type_as_httpx(content_type: bytes | None) -> None:
    assert get_multipart_boundary_from_content_type(content_type) == oracle.get_multipart_boundary_from_content_type(
        content_type
    )


def test_the_boundary_that_the_peer_will_read() -> None:
    assert get_multipart_boundary_from_content_type(b'multipart/form-data; boundary="a;b"') == b"a;b"
    assert get_multipart_boundary_from_content_type(b"Multipart/Form-Data; boundary=x") == b"x"


@pytest.mark.parametrize("boundary", [b"\r\nX: y", b"a\nb", b"a\0b", b"\x7f", b"\xff"])
def test_what_cannot_be_a_boundary(boundary: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        MultipartStream({}, {}, boundary=boundary)


# Headers of a part


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("text/plain\r\nX: y", {}),
        ("text/plain\n", {}),
        ("text\0", {}),
        (None, {"X\r\n": "y"}),
        (None, {"X: y\r\nZ": "y"}),
        (None, {"X Y": "y"}),
        (None, {"X:": "y"}),
        (None, {"": "y"}),
        (None, {"\u20ac": "y"}),
        (None, {"X": "y\r\nZ: z"}),
        (None, {"X": "y\r"}),
        (None, {"X": "y\n"}),
        (None, {"X": "y\0"}),
        (None, {"X": "\x7f"}),
    ],
)
def test_nothing_can_be_injected_by_a_part_s_headers(content_type: str | None, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="multipart header"):
        MultipartStream({}, {"file": ("name", b"x", content_type, headers)})


def test_nothing_can_be_injected_by_names() -> None:
    evil = '"; filename="x"\r\nX: y\r\n\r\n--B--\r\n'
    body = read(MultipartStream({evil: "v"}, {evil: (evil, b"x", "text/plain")}, boundary=b"B"))
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        b"Content-Type: multipart/form-data; boundary=B\r\n\r\n" + body
    )
    parts = list(message.iter_parts())  # type: ignore[attr-defined]
    assert [sorted(part.keys()) for part in parts] == [["Content-Disposition"], ["Content-Disposition", "Content-Type"]]
    assert [part.get_payload(decode=True) for part in parts] == [b"v", b"x"]


def test_the_user_s_headers_are_left_alone() -> None:
    headers = {"X": "y"}
    field = FileField("file", ("name.txt", b"x", "text/plain", headers))
    assert headers == {"X": "y"}
    assert field.headers == {"X": "y", "Content-Type": "text/plain"}


# Streams


def test_the_kinds_of_stream() -> None:
    stream = MultipartStream({}, {})
    assert isinstance(stream, SyncByteStream)
    assert isinstance(stream, AsyncByteStream)
    headers, stream = encode_request(files={"f": b"x"}, data={"a": "b"}, boundary=b"B")  # type: ignore[assignment]
    assert headers == stream.get_headers()
    assert [type(field) for field in stream.fields] == [DataField, FileField]


def test_a_file_is_sent_from_its_start_each_time() -> None:
    file = moved()
    stream = MultipartStream({}, {"file": file}, boundary=b"B")
    assert stream.is_replayable
    bodies = {b"".join(stream), b"".join(stream), b"".join(asyncio.run(gather(stream)))}
    assert len(bodies) == 1
    assert b"\r\n\r\n0123456789\r\n" in bodies.pop()


def test_a_pipe_has_no_length_and_is_sent_once() -> None:
    out, into = os.pipe()
    os.write(into, b"x" * 1000)
    os.close(into)
    with open(out, "rb") as file:
        stream = MultipartStream({}, {"file": ("name", file)})
        assert stream.get_headers()["Transfer-Encoding"] == "chunked"
        assert not stream.is_replayable
        assert b"x" * 1000 in b"".join(stream)
        with pytest.raises(StreamConsumed):
            list(stream)


def test_iterables() -> None:
    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            return iter((b"one", b"two"))

    stream = MultipartStream({}, {"file": ("name", Parts())}, boundary=b"B")  # type: ignore[dict-item]
    assert stream.get_headers()["Transfer-Encoding"] == "chunked"
    assert stream.is_replayable
    assert b"\r\n\r\nonetwo\r\n--B--\r\n" in read(stream)
    once = MultipartStream({}, {"file": (part for part in (b"one", b"two"))}, boundary=b"B")  # type: ignore[dict-item]
    assert not once.is_replayable
    assert b"".join(once) == b"".join(stream).replace(b'"name"', b'"upload"')
    with pytest.raises(StreamConsumed):
        list(once)


def test_other_kinds_of_bytes() -> None:
    for content in (bytearray(b"abc"), memoryview(b"abc")):
        stream = MultipartStream({}, {"file": content}, boundary=b"B")  # type: ignore[dict-item]
        assert read(stream) == read(MultipartStream({}, {"file": b"abc"}, boundary=b"B"))


async def asynchronous(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


class Reads:
    async def read(self, size: int, content: bytes = b"abc") -> bytes:
        if hasattr(self, "done"):
            return b""
        self.done = True
        return content


@pytest.mark.parametrize("make", [lambda: asynchronous(b"a", b"bc"), Reads])
def test_asynchronous_files(make: Callable[[], Any]) -> None:
    expected = httpx.Request(
        "POST", "http://a/", files={"f": b"abc", "g": b"x"}, headers={"content-type": "multipart/form-data; boundary=B"}
    ).read()
    stream = MultipartStream({}, {"f": make(), "g": b"x"}, boundary=b"B")
    assert stream.get_headers() == {
        "Transfer-Encoding": "chunked",
        "Content-Type": "multipart/form-data; boundary=B",
    }
    assert not stream.is_replayable
    for act in (lambda: list(stream), lambda: list(stream.fields[0].render_data())):
        with pytest.raises(RuntimeError, match="asynchronous file"):
            act()
    assert b"".join(asyncio.run(gather(stream))) == expected
    with pytest.raises(StreamConsumed):
        asyncio.run(gather(stream))


def test_an_asynchronous_file_is_rewound(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_bytes(b"content")

    async def act() -> None:
        async with await anyio.open_file(tmp_path / "file.txt", "rb") as file:
            stream = MultipartStream({}, {"f": file}, boundary=b"B")  # type: ignore[dict-item]
            bodies = [b"".join(await gather(stream)) for _ in range(2)]
            with (tmp_path / "file.txt").open("rb") as same:
                assert bodies == [b"".join(oracle.MultipartStream({}, {"f": same}, boundary=b"B"))] * 2

    asyncio.run(act())


def test_small_parts_go_out_together_and_large_ones_uncopied() -> None:
    small = MultipartStream({str(number): "v" for number in range(100)}, {"file": io.BytesIO(b"x" * 100)})
    assert len(list(small)) == 1
    large = b"x" * 1_000_000
    stream = MultipartStream({"a": "b"}, {"f": large, "g": large})
    blocks = list(stream)
    assert len(blocks) == 5
    assert sum(block is large for block in blocks) == 2
    many = MultipartStream({str(number): "v" * 100 for number in range(5000)}, {})
    assert all(65_536 <= len(block) < 70_000 for block in list(many)[:-1])
    file = MultipartStream({}, {"file": io.BytesIO(b"x" * 1_000_000)})
    assert max(map(len, file)) == 65_536
