"""The way out: httpx, with redirects off and every answer bounded in size and time."""

from __future__ import annotations

import time
from typing import Final

import httpx

from dome._core.flows import Send
from dome._core.wire import MAX_ANSWER_BYTES, Answer, Outcome, Unanswered
from dome._version import __version__

_HEADERS: Final = {"Accept": "application/json", "User-Agent": f"dome-agent-sdk-python/{__version__}"}
_LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=32)
_FAULTS: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)


def headers(send: Send) -> dict[str, str]:
    """Return the headers of a request. It is the only place where a credential becomes text for one."""
    return {
        "Authorization": f"Bearer {send.request.credential.reveal()}",
        "Content-Type": send.request.content_type,
    }


def unanswered(fault: Exception) -> Unanswered:
    """Return what a failure was. Its own text is not kept: it is somebody else's, and may quote the request."""
    return Unanswered(isinstance(fault, httpx.TimeoutException), type(fault).__name__)


class Body:
    """The bytes of an answer as they come. It says stop when there are too many, or the time is over."""

    def __init__(self, within: float) -> None:
        self._until = time.monotonic() + within
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> Unanswered | None:
        """Take a chunk; returns why there is no answer, if so."""
        self._size += len(chunk)
        self._chunks.append(chunk)
        if self._size > MAX_ANSWER_BYTES:
            return Unanswered(False, f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
        return Unanswered(True, "the answer did not end") if time.monotonic() > self._until else None

    def whole(self) -> bytes:
        """Return all of it."""
        return b"".join(self._chunks)


class Transport:
    """The blocking way out."""

    def __init__(self, base_url: str, transport: httpx.BaseTransport | None) -> None:
        self.base_url = base_url
        self.http = httpx.Client(headers=_HEADERS, limits=_LIMITS, transport=transport, follow_redirects=False)

    def send(self, send: Send) -> Outcome:
        """Send a request and wait for the whole answer."""
        body = Body(send.within)
        try:
            with self.http.stream(
                "POST",
                self.base_url + send.request.path,
                headers=headers(send),
                content=send.request.body,
                timeout=send.within,
            ) as response:
                for chunk in response.iter_bytes():
                    if (stopped := body.add(chunk)) is not None:
                        return stopped
                return Answer(response.status_code, response.headers, body.whole())
        except _FAULTS as fault:
            return unanswered(fault)

    def close(self) -> None:
        """Close all connections."""
        self.http.close()
