"""The models under the name that httpx gives their module: other people's code imports them from here."""

from __future__ import annotations

from ._cookies import Cookies
from ._engine import Headers
from ._request import Request
from ._response import Response

__all__ = ["Cookies", "Headers", "Request", "Response"]
