"""The official Python client: what it sees of a server, as JSON.

Usage: client.py URL MODE KEY, where the mode is `auto` or `legacy`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client


async def journey(url: str, mode: Any, key: str) -> dict[str, Any]:
    """Ask for one thing of each kind."""
    progress: list[float] = []

    async def heard(done: float, _total: float | None, _message: str | None) -> None:
        progress.append(done)

    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"})
    async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
        tools = await client.list_tools()
        said = await client.call_tool("test_simple_text", {})
        await client.call_tool("test_tool_with_progress", {}, progress_callback=heard)
        resource = await client.read_resource("test://static-text")
        prompt = await client.get_prompt("test_simple_prompt", {})
        try:
            await client.call_tool("no_such_tool", {})
            unknown = None
        except MCPError as error:
            unknown = error.error.code
        return {
            "version": client.protocol_version,
            "tools": [tool.name for tool in tools.tools],
            "text": said.content[0].text,
            "progress": progress,
            "resource": resource.contents[0].text,
            "prompt": prompt.messages[0].content.text,
            "unknown": unknown,
        }


print(json.dumps(asyncio.run(journey(*sys.argv[1:4]))))  # noqa: T201
