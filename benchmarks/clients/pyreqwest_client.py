"""pyreqwest: one `Client`."""

from __future__ import annotations

from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pyreqwest.client import Client, ClientBuilder

from .base import HEADERS, LONG, PARAMS, VALUE, Adapter, upload_source


class PyreqwestAdapter(Adapter):
    """pyreqwest."""

    package = "pyreqwest.client"

    @classmethod
    def version(cls) -> str:
        return version("pyreqwest")

    async def open(self) -> None:
        builder: Any = ClientBuilder().max_connections(self.connections).timeout(timedelta(seconds=LONG))
        builder = builder.pool_idle_timeout(timedelta(seconds=LONG))
        if self.ca_file:
            builder = builder.add_root_certificate_pem(Path(self.ca_file).read_bytes())
        self.client: Client = builder.build()

    async def close(self) -> None:
        await self.client.close()

    async def construct(self) -> None:
        await ClientBuilder().build().close()

    async def get(self, url: str) -> int:
        response = await self.client.get(url).build().send()
        return len(await response.bytes())

    async def get_with_arguments(self, url: str) -> int:
        response = await self.client.get(url).query(PARAMS).headers(HEADERS).build().send()
        assert await response.json()
        return int(response.headers["content-length"])

    async def post_json(self, url: str) -> int:
        response = await self.client.post(url).body_json(VALUE).build().send()
        return len(await response.bytes())

    async def stream(self, url: str) -> int:
        size = 0
        async with self.client.get(url).build_streamed() as response:
            reader = response.body_reader
            while (piece := await reader.read_chunk()) is not None:
                size += len(piece)
        return size

    async def upload(self, url: str) -> int:
        response = await self.client.post(url).body_stream(upload_source()).build().send()
        return int(bytes(await response.bytes()))
