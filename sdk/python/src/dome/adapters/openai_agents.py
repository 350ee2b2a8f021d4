"""Tools of the OpenAI Agents SDK that Dome is asked about before they run, with the extra `openai-agents`."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from agents import FunctionTool
from agents.tool_context import ToolContext

from dome.asynchronous import AsyncDomeClient
from dome.errors import DeniedError


def guard_tool(client: AsyncDomeClient, tool: FunctionTool, resource: str, *, tell_model: bool = True) -> FunctionTool:
    """Return a tool that checks before it runs, and counts as running work.

    The arguments of the call are those of the check. What the model sends that is no JSON object is denied.

    Args:
        client: the agent's client.
        tool: the tool; it is not changed.
        resource: what Dome calls it, `<tool>/<operation>`.
        tell_model: True: the model reads why it was denied, and can go on. False: a denial raises `DeniedError`.
    """

    async def invoke(context: ToolContext[Any], text: str) -> Any:
        try:
            async with client.call(tool=resource, arguments=_arguments(text)):
                return await tool.on_invoke_tool(context, text)
        except DeniedError as error:
            if not tell_model:
                raise
            return f"Denied ({error.code}): {error.message}"

    return dataclasses.replace(tool, on_invoke_tool=invoke)


def _arguments(text: str) -> Any:
    """Return what the model sent. What cannot be read stays a text, which no check takes for arguments."""
    try:
        return json.loads(text) if text else {}
    except ValueError:
        return text
