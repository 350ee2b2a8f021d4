"""The official MCP client through Dome, with the extra `mcp`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx2
from mcp.client.streamable_http import streamable_http_client

from dome.asynchronous import AsyncDomeClient

_TIMEOUT = httpx2.Timeout(30, read=300)
"""In seconds; a server may hold a stream open, and Dome says something on it every 15 s."""


@asynccontextmanager
async def transport(client: AsyncDomeClient, tool: str | None = None) -> AsyncIterator[Any]:
    """Connect an MCP client to a tool's server through Dome, with the agent's call token.

        async with mcp.Client(transport(client, "zendesk")) as zendesk:
            await zendesk.call_tool("create_ticket", {"subject": "The printer smokes"})

    The connection acts for the user or agent of the `with` block in which it is opened (`act_as`, `on_behalf_of`).

    Args:
        client: the agent's client.
        tool: the server behind one tool; the default is every tool that the agent declares, each operation with the
            name of its tool before it.

    Raises:
        DomeError: by the MCP client's calls: no call token can be obtained.
    """
    path = "/mcp" if tool is None else f"/mcp/{quote(tool, safe='')}"
    url = client.base_url.rstrip("/") + path
    async with (
        httpx2.AsyncClient(auth=_CallToken(client), timeout=_TIMEOUT) as http,
        streamable_http_client(url, http_client=http) as streams,
    ):
        yield streams


class _CallToken(httpx2.Auth):
    """The call token on each request, good at that moment."""

    def __init__(self, client: AsyncDomeClient) -> None:
        self._client = client

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        request.headers["Authorization"] = f"Bearer {await self._client.token()}"
        yield request
