"""TLS: whose certificate is believed, client certificates, and peers that speak something else."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest

import cyhttpx

from .peers import PATIENCE, Peer, Server, happened, respond, serving

if TYPE_CHECKING:
    from pathlib import Path

    import trustme

ANSWER = respond(b"ok")


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def secure(context: ssl.SSLContext) -> Server:
    return serving(lambda _: ANSWER, context=context)


async def get(url: str, verify: Any, **options: Any) -> cyhttpx.Response:
    async with cyhttpx.AsyncClient(verify=verify, **options) as client:
        return await client.get(url)


async def test_a_context_of_the_user_s(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with secure(server_tls) as server:
        assert (await get(server.url, client_tls)).text == "ok"


async def test_a_bundle(server_tls: ssl.SSLContext, authority: trustme.CA, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with secure(server_tls) as server, pytest.warns(DeprecationWarning, match="verify"):
        assert (await get(server.url, str(bundle))).text == "ok"


async def test_a_bundle_of_the_environment(
    server_tls: ssl.SSLContext, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with secure(server_tls) as server:
        assert (await get(server.url, True)).text == "ok"
        with pytest.raises(cyhttpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await get(server.url, True, trust_env=False)


async def test_an_unknown_authority(server_tls: ssl.SSLContext) -> None:
    with secure(server_tls) as server:
        with pytest.raises(cyhttpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED") as caught:
            await get(server.url, True)
        assert caught.value.request.url == server.url
        assert not server.requests
        await server.until(lambda server: server.open == 0)


async def test_another_host_s_certificate(authority: trustme.CA, client_tls: ssl.SSLContext) -> None:
    with secure(server_context(authority, "elsewhere.example")) as server:
        with pytest.raises(cyhttpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await get(server.url, client_tls)
        assert not server.requests


async def test_no_verification(authority: trustme.CA) -> None:
    with secure(server_context(authority, "elsewhere.example")) as server:
        assert (await get(server.url, False)).text == "ok"


async def test_every_failed_handshake_gives_its_slot_back(server_tls: ssl.SSLContext) -> None:
    with secure(server_tls) as server:
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=2)) as client:
            for _ in range(2):
                results = await asyncio.gather(*(client.get(server.url) for _ in range(5)), return_exceptions=True)
                assert {type(result) for result in results} == {cyhttpx.ConnectError}


async def test_sni_of_the_request(authority: trustme.CA, client_tls: ssl.SSLContext) -> None:
    """The name that is asked for, and checked; each name has connections of its own."""
    asked: list[str] = []
    context = server_context(authority, "one.example", "two.example")
    context.sni_callback = lambda _, name, __: asked.append(name)
    with secure(context) as server:
        host = f"127.0.0.1:{server.port}"
        async with cyhttpx.AsyncClient(verify=client_tls) as client:
            for name in ("one.example", "two.example", "one.example"):
                response = await client.get(server.url, extensions={"sni_hostname": name})
                assert response.text == "ok"
            with pytest.raises(cyhttpx.ConnectError):
                await client.get(server.url, extensions={"sni_hostname": "three.example"})
    assert asked == ["one.example", "two.example", "three.example"]
    assert {request.get("Host") for request in server.requests} == {host}


async def test_a_host_name_is_sent_and_an_address_is_not(authority: trustme.CA, client_tls: ssl.SSLContext) -> None:
    """RFC 6066 §3: literal addresses aren't permitted."""
    asked: list[str | None] = []
    context = server_context(authority, "localhost", "127.0.0.1")
    context.sni_callback = lambda _, name, __: asked.append(name)
    with secure(context) as server:
        await get(server.url, client_tls)
        await get(f"https://localhost:{server.port}", client_tls)
    assert asked == [None, "localhost"]


@pytest.fixture
def wants_certificate(authority: trustme.CA) -> ssl.SSLContext:
    context = server_context(authority, "127.0.0.1")
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize("form", ["one file", "two files", "context"])
async def test_client_certificate(
    form: str, wants_certificate: ssl.SSLContext, authority: trustme.CA, client_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    mine = authority.issue_cert("me@example.org")
    whole, chain, key = tmp_path / "whole.pem", tmp_path / "chain.pem", tmp_path / "key.pem"
    mine.private_key_and_cert_chain_pem.write_to_path(str(whole))
    mine.cert_chain_pems[0].write_to_path(str(chain))
    mine.private_key_pem.write_to_path(str(key))
    seen = []

    def script(peer: Peer) -> None:
        seen.append(peer.sock.getpeercert()["subjectAltName"])  # type: ignore[attr-defined]
        peer.read_request()
        peer.send(ANSWER)

    context = ssl.create_default_context()
    authority.configure_trust(context)
    with Server(script, context=wants_certificate) as server:
        if form == "context":
            mine.configure_cert(context)
            assert (await get(server.url, context)).text == "ok"
        else:
            with pytest.warns(DeprecationWarning, match="cert"):
                client = cyhttpx.AsyncClient(
                    verify=False, cert=str(whole) if form == "one file" else (str(chain), str(key))
                )
            assert (await client.get(server.url)).text == "ok"
            await client.aclose()
    assert seen == [(("email", "me@example.org"),)]


async def test_client_certificate_that_is_missing(
    wants_certificate: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """With TLS 1.3 the refusal comes after the client's handshake: where the response was expected."""
    with secure(wants_certificate) as server:
        with pytest.raises((cyhttpx.NetworkError, cyhttpx.RemoteProtocolError)):
            await get(server.url, client_tls)
        assert not server.requests


async def test_tls_to_a_plain_server() -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        peer.wait_for_close()

    with Server(script) as server:
        with pytest.raises(cyhttpx.ConnectError):
            await get(server.url.replace("http:", "https:"), False)
        await server.until(lambda server: server.open == 0)


async def test_plain_to_a_tls_server(server_tls: ssl.SSLContext) -> None:
    with secure(server_tls) as server:
        # An alert, the end, or a reset: whatever comes first.
        with pytest.raises((cyhttpx.RemoteProtocolError, cyhttpx.ReadError)):
            await get(server.url.replace("https:", "http:"), False)
        assert not server.requests


async def test_a_peer_that_closes_in_the_handshake(server_tls: ssl.SSLContext) -> None:
    def close(number: int, sock: Any) -> None:
        sock.recv(10)
        sock.shutdown(2)

    with Server(lambda peer: None, context=server_tls, before_tls=close) as server:
        with pytest.raises(cyhttpx.ConnectError):
            await get(server.url, False)
        assert not server.requests


async def test_versions_that_have_nothing_in_common(authority: trustme.CA) -> None:
    old = server_context(authority, "127.0.0.1")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    new = ssl.create_default_context()
    authority.configure_trust(new)
    new.minimum_version = ssl.TLSVersion.TLSv1_3
    with secure(old) as server:
        with pytest.raises(cyhttpx.ConnectError):
            await get(server.url, new)
        assert not server.requests


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_large_bodies_both_ways(
    version: ssl.TLSVersion, authority: trustme.CA, client_tls: ssl.SSLContext
) -> None:
    context = server_context(authority, "127.0.0.1")
    context.minimum_version = context.maximum_version = version
    body = b"0123456789" * 300_000
    with serving(lambda request: respond(request.body), context=context) as server:
        async with cyhttpx.AsyncClient(verify=client_tls) as client:
            for _ in range(2):
                response = await client.post(server.url, content=body)
                assert response.content == body
            stream = response.extensions["network_stream"]
            assert stream.get_extra_info("ssl_object").version() == version.name.replace("v1_", "v1.")
        assert server.accepted == 1


async def test_many_at_once(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with serving(lambda request: respond(request.target.encode()), context=server_tls) as server:
        limits = cyhttpx.Limits(max_connections=10)
        async with cyhttpx.AsyncClient(verify=client_tls, limits=limits) as client:
            responses = await asyncio.gather(*(client.get(f"{server.url}/{number}") for number in range(200)))
            assert [response.text for response in responses] == [f"/{number}" for number in range(200)]
        assert server.accepted == 10


async def test_cut_off_below_tls(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """A body that only the end delimits, and an end that anybody on the way could have made (RFC 9112 §9.8)."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhalf of it")
        if peer.number == 2:
            peer.sock = peer.sock.unwrap()  # type: ignore[attr-defined]

    with Server(script, context=server_tls) as server:
        async with cyhttpx.AsyncClient(verify=client_tls) as client:
            with pytest.raises(cyhttpx.RemoteProtocolError):
                await client.get(server.url)
            assert (await client.get(server.url)).text == "half of it"


async def test_close_notify_while_idle(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    may_close, has_closed = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(respond(b"%d" % peer.number))
        if peer.number == 1:
            assert may_close.wait(PATIENCE)
            peer.sock = peer.sock.unwrap()  # type: ignore[attr-defined]
            has_closed.set()
        peer.wait_for_close()

    with Server(script, context=server_tls) as server:
        async with cyhttpx.AsyncClient(verify=client_tls) as client:
            assert (await client.get(server.url)).text == "1"
            may_close.set()
            await happened(has_closed)
            assert (await client.post(server.url)).text == "2"


async def test_a_redirect_from_plain_to_tls(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with (
        secure(server_tls) as there,
        serving(lambda _: respond(status=302, headers=[("Location", there.url + "/end")])) as here,
    ):
        async with cyhttpx.AsyncClient(verify=client_tls, follow_redirects=True) as client:
            response = await client.get(here.url)
            assert response.text == "ok"
            assert response.url == there.url + "/end"
            assert [past.url for past in response.history] == [here.url]


def test_files_that_are_wrong_are_told_at_once(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate")
    with pytest.warns(DeprecationWarning, match="cert"), pytest.raises(OSError, match=r"nowhere\.pem|No such file"):
        cyhttpx.AsyncClient(cert=str(tmp_path / "nowhere.pem"))
    with pytest.warns(DeprecationWarning, match="cert"), pytest.raises(ssl.SSLError):
        cyhttpx.AsyncClient(cert=str(garbage))
