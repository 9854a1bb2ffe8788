"""The clients with httpx's API: cyhttpx on either engine, httpx and httpx2, all driven by the same lines."""

from __future__ import annotations

import importlib
import ssl
from typing import Any, ClassVar

from .base import HEADERS, LONG, PARAMS, VALUE, Adapter, upload_source


class HttpxApiAdapter(Adapter):
    """One `AsyncClient` for all requests."""

    @classmethod
    def module(cls) -> Any:
        return importlib.import_module(cls.package)

    @classmethod
    def version(cls) -> str:
        return str(cls.module().__version__)

    async def open(self) -> None:
        module = self.module()
        self.client = module.AsyncClient(
            limits=module.Limits(
                max_connections=self.connections, max_keepalive_connections=self.connections, keepalive_expiry=LONG
            ),
            timeout=LONG,
            verify=ssl.create_default_context(cafile=self.ca_file) if self.ca_file else True,
        )

    async def close(self) -> None:
        await self.client.aclose()

    async def construct(self) -> None:
        await self.module().AsyncClient().aclose()

    async def get(self, url: str) -> int:
        return len((await self.client.get(url)).content)

    async def get_with_arguments(self, url: str) -> int:
        response = await self.client.get(url, params=PARAMS, headers=HEADERS)
        assert response.json()
        return int(response.headers["content-length"])

    async def post_json(self, url: str) -> int:
        return len((await self.client.post(url, json=VALUE)).content)

    async def stream(self, url: str) -> int:
        size = 0
        async with self.client.stream("GET", url) as response:
            async for piece in response.aiter_bytes():
                size += len(piece)
        return size

    async def upload(self, url: str) -> int:
        return int((await self.client.post(url, content=upload_source())).content)


class CyhttpxAdapter(HttpxApiAdapter):
    """cyhttpx; the engine is chosen by the environment."""

    package = "cyhttpx"

    @classmethod
    def version(cls) -> str:
        module = cls.module()
        return f"{module.__version__}, engine {module.engine}"


class HttpxAdapter(HttpxApiAdapter):
    """httpx."""

    package = "httpx"
    slowness: ClassVar[int] = 20


class Httpx2Adapter(HttpxApiAdapter):
    """httpx2."""

    package = "httpx2"
    slowness: ClassVar[int] = 8
