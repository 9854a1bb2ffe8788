__title__ = "cyhttpx"
__description__ = "The HTTP client of httpx, with its hot paths compiled."
__version__ = "0.1.0"
