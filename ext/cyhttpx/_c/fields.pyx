"""The hot attributes of `BaseClient`, `Request` and `Response`, compiled. The twin of `cyhttpx/_py/fields.py`.

The classes themselves are Python; these are their bases, and hold nothing but attributes. A dict of ten entries costs 0.3 µs to make and
to free again, a struct of ten members a tenth of that, and the compiled core reads it without a look-up.
"""

cimport cython


@cython.auto_pickle(False)
cdef class ClientFields:
    """Attributes of a client that every request looks at."""

    @property
    def _transport(self):
        if self.transport is None:
            # Deleted: what `unittest.mock.patch.object` does before it puts the old one back, if this raises.
            raise AttributeError("_transport")
        return self.transport

    @_transport.setter
    def _transport(self, value):
        self.transport = value

    @_transport.deleter
    def _transport(self):
        self.transport = None


@cython.auto_pickle(False)
cdef class RequestFields:
    """Attributes of a request. `_content` is None until the body has been read, `_extensions` until someone has looked."""

    _FIELDS = ("method", "url", "headers", "_content")


@cython.auto_pickle(False)
cdef class ResponseFields:
    """Attributes of a response. `_content` is None until the body has been read."""

    _FIELDS = ("status_code", "headers", "_request", "_content", "_coded", "_seconds", "is_stream_consumed", "_num_bytes_downloaded", "history")

    @property
    def history(self):
        """The responses that redirected or challenged before this one, oldest first."""
        if self._history is None:
            self._history = []
        return self._history

    @history.setter
    def history(self, value):
        self._history = value

    @property
    def extensions(self):
        """What the transport has to say of it, by name (https://www.python-httpx.org/advanced/extensions/)."""
        if self._extensions is None:
            self._extensions = {}
            if self._http_version is not None:
                self._extensions["http_version"] = self._http_version
                self._extensions["reason_phrase"] = self._reason
                self._extensions["network_stream"] = self._network_stream
            if self._trailers is not None:
                self._extensions["trailing_headers"] = self._trailers
        return self._extensions

    @extensions.setter
    def extensions(self, value):
        self._extensions = value
