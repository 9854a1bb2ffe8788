"""aiohttp: one `ClientSession`."""

from __future__ import annotations

import ssl
from typing import ClassVar

import aiohttp

from .base import HEADERS, LONG, PARAMS, VALUE, Adapter, upload_source


class AiohttpAdapter(Adapter):
    """aiohttp."""

    package = "aiohttp"
    slowness: ClassVar[int] = 2

    @classmethod
    def version(cls) -> str:
        return aiohttp.__version__

    async def open(self) -> None:
        context = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else True
        connector = aiohttp.TCPConnector(limit=self.connections, keepalive_timeout=LONG, ssl=context)
        self.session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=LONG))

    async def close(self) -> None:
        await self.session.close()

    async def construct(self) -> None:
        await aiohttp.ClientSession().close()

    async def get(self, url: str) -> int:
        async with self.session.get(url) as response:
            return len(await response.read())

    async def get_with_arguments(self, url: str) -> int:
        async with self.session.get(url, params=PARAMS, headers=HEADERS) as response:
            assert await response.json()
            return int(response.headers["content-length"])

    async def post_json(self, url: str) -> int:
        async with self.session.post(url, json=VALUE) as response:
            return len(await response.read())

    async def stream(self, url: str) -> int:
        size = 0
        async with self.session.get(url) as response:
            async for piece in response.content.iter_any():
                size += len(piece)
        return size

    async def upload(self, url: str) -> int:
        async with self.session.post(url, data=upload_source()) as response:
            return int(await response.read())
