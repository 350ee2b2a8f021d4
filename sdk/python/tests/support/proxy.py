"""What stands between a client and the server, and breaks when a test says so."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Literal

Network = Literal["open", "cut", "losing_answers"]
_LOST = b"POST /api/v1/audit/events"


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="test-loop", daemon=True)
        self._thread.start()

    def close(self) -> None:
        async def end_tasks() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end_tasks(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


class Proxy:
    """Passes everything on, streams included, until the network is cut."""

    def __init__(self, loop: Loop, target: int) -> None:
        self._loop = loop
        self._target = target
        self._network: Network = "open"
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), loop.loop
        ).result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def set(self, network: Network) -> None:
        asyncio.run_coroutine_threadsafe(self._set(network), self._loop.loop).result(10)

    def close(self) -> None:
        async def end() -> None:
            self._server.close()
            await self._set("cut")

        asyncio.run_coroutine_threadsafe(end(), self._loop.loop).result(10)

    async def _set(self, network: Network) -> None:
        self._network = network
        if network == "cut":
            for writer in list(self._writers):
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._network == "cut":
            writer.transport.abort()
            return
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, to_writer}
        lost = asyncio.Event()

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
            with suppress(OSError):
                while chunk := await source.read(65_536):
                    if not answers and self._network == "losing_answers" and chunk.startswith(_LOST):
                        lost.set()
                    if answers and lost.is_set():
                        break
                    sink.write(chunk)
                    await sink.drain()
            for each in (writer, to_writer):
                each.transport.abort()

        await asyncio.gather(pump(reader, to_writer, answers=False), pump(to_reader, writer, answers=True))
        self._writers -= {writer, to_writer}
