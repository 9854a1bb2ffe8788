"""The servers of the benchmarks: nginx with one worker, and our own for what it cannot send; one core, loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import prepared, sizes
from benchmarks.scenarios import Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_SECONDS: Final = 10.0

# 7 header lines with what nginx adds itself: Server, Date, Content-Type, Content-Length, Connection.
# It listens on all addresses, so that each of 127.0.0.0/8 is an origin, and serves nobody else.
NGINX: Final = """
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
{user}
pid {root}/nginx.pid;
error_log stderr crit;
events {{ worker_connections {files}; }}
http {{
    access_log off;
    keepalive_timeout 3600s;
    keepalive_requests 1000000000;
    sendfile on;
    tcp_nodelay on;
    open_file_cache max=16;
    default_type application/json;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    server {{
        listen 0.0.0.0:{port} backlog=4096;
        {tls}
        allow 127.0.0.0/8;
        deny all;
        root {root}/files;
        location = /json {{
            add_header Cache-Control no-store;
            add_header Vary Accept-Encoding;
            return 200 '{small}';
        }}
        location = /gzip {{ add_header Content-Encoding gzip; }}
        location = /64k {{ }}
        location = /1g {{ }}
    }}
}}
"""
TLS: Final = """
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {root}/server.pem;
        ssl_certificate_key {root}/server.key;
"""


@contextlib.contextmanager
def servers(cpu: int | None) -> Iterator[Servers]:
    """Start the servers on a core (None: on any) and stop them afterwards."""
    with tempfile.TemporaryDirectory(prefix="cyhttpx-benchmarks-") as name, contextlib.ExitStack() as stack:
        root = Path(name)
        own = stack.enter_context(_own_server("benchmarks.prepared", cpu))
        sink = stack.enter_context(_own_server("benchmarks.sink", cpu))
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            yield Servers("our own server (nginx is not installed)", own, "", own, sink, "")
            return
        nginx = stack.enter_context(_nginx(program, root, cpu))
        yield Servers(name=f"{_nginx_version(program)}, one worker", own=own, sink=sink, **nginx)


def _pin(cpu: int | None) -> Callable[[], None] | None:
    return None if cpu is None else lambda: os.sched_setaffinity(0, {cpu})


@contextlib.contextmanager
def _own_server(module: str, cpu: int | None) -> Iterator[str]:
    command = [sys.executable, "-m", module]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=_pin(cpu))
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        port = child.stdout.readline().strip()
        if not port.isdigit():
            raise RuntimeError(f"{module} did not start")
        yield f"127.0.0.1:{port.decode()}"
    finally:
        child.stdin.close()
        child.wait()
        child.stdout.close()


@contextlib.contextmanager
def _nginx(program: str, root: Path, cpu: int | None) -> Iterator[dict[str, str]]:
    _write_files(root / "files")
    has_tls = _write_certificate(root)
    port, tls_port = _free_ports(2)
    config = root / "nginx.conf"
    config.write_text(
        NGINX.format(
            root=root,
            port=port,
            files=_open_files(),
            small=prepared.SMALL.decode(),
            tls=TLS.format(root=root, port=tls_port) if has_tls else "",
            # The worker of a root's nginx would be "nobody", who may not read the directory.
            user="user root;" if os.geteuid() == 0 else "",
        )
    )
    child = subprocess.Popen([program, "-p", str(root), "-c", str(config)], preexec_fn=_pin(cpu))
    try:
        _wait_until_listening(port, child)
        yield {
            "main": f"127.0.0.1:{port}",
            "tls": f"localhost:{tls_port}" if has_tls else "",
            "ca_file": str(root / "ca.pem") if has_tls else "",
        }
    finally:
        child.terminate()
        child.wait()


def _nginx_version(program: str) -> str:
    output = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
    return output.partition("nginx version: ")[2].strip().replace("/", " ")


def _open_files() -> int:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 20_000 if hard == resource.RLIM_INFINITY else min(hard, 20_000)


def _write_files(files: Path) -> None:
    files.mkdir()
    (files / "64k").write_bytes(bytes(sizes.FILE))
    (files / "gzip").write_bytes(prepared.gzipped())
    with (files / "1g").open("wb") as file:
        # A hole: it costs no disk, and is read from the page cache like any file that was read before.
        file.truncate(sizes.STREAM)


def _write_certificate(root: Path) -> bool:
    """Make a certificate for localhost and 127.0.0.1, by trustme or by openssl; False where neither is there."""
    try:
        import trustme
    except ImportError:
        return _write_certificate_by_openssl(root)
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(str(root / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(root / "server.key"))
    for pem in certificate.cert_chain_pems:
        pem.write_to_path(str(root / "server.pem"), append=True)
    return True


def _write_certificate_by_openssl(root: Path) -> bool:
    program = shutil.which("openssl")
    if program is None:
        return False
    options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(root / "server.key"), "-out", str(root / "server.pem")]
    subprocess.run([program, "req", *options, *names, *files], check=True, capture_output=True)
    shutil.copyfile(root / "server.pem", root / "ca.pem")
    return True


def _free_ports(count: int) -> list[int]:
    import socket

    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in found]


def _wait_until_listening(port: int, child: subprocess.Popen[bytes]) -> None:
    import socket

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("nginx did not start") from None
            time.sleep(0.02)
        else:
            return
