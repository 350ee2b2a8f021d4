"""An event stream that says what a test tells it to say, as the service writes it."""

from __future__ import annotations

import asyncio
import itertools
import json
import queue
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx


class FakeStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """What stands behind one connection."""

    def __init__(self, last_event_id: str | None = None) -> None:
        self.last_event_id = last_event_id
        self._said: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def say(self, event_type: str, event_id: int | None = None, **data: Any) -> None:
        """Send an event."""
        lines = [f"event: {event_type}", *([] if event_id is None else [f"id: {event_id}"])]
        self._said.put("\n".join([*lines, f"data: {json.dumps({'type': event_type, **data})}", "", ""]).encode())

    def state(self, state: str = "active", *, event_id: int | None = 0, **data: Any) -> None:
        """Send what every connection begins with."""
        self.say("state", event_id, state=state, **{"missed": False, "draining": None, "last": 0, **data})

    def raw(self, text: bytes) -> None:
        """Send anything."""
        self._said.put(text)

    def end(self) -> None:
        """End the connection."""
        self._said.put(None)

    def __iter__(self) -> Iterator[bytes]:
        while (said := self._said.get()) is not None:
            yield said

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            try:
                said = self._said.get_nowait()
            except queue.Empty:
                await asyncio.sleep(0.002)
                continue
            if said is None:
                return
            yield said

    async def aclose(self) -> None:
        """End nothing: a test does."""


class FakeStreams:
    """Answers each connection by a stream; `opened` brings them in order."""

    def __init__(self) -> None:
        self.opened: queue.SimpleQueue[FakeStream] = queue.SimpleQueue()
        self.count = itertools.count(1)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        stream = FakeStream(request.headers.get("last-event-id"))
        self.opened.put(stream)
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=stream)

    def next(self) -> FakeStream:
        """Return the stream of the next connection, as soon as it is opened."""
        return self.opened.get(timeout=10)
