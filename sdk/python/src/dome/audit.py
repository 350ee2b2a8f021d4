"""Audit events that an agent emits about itself: buffered through an outage, and delivered once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from dome._core.core import Core


class Emitter:
    """Takes audit events. It never waits for the service."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def emit(
        self,
        kind: str,
        data: Mapping[str, Any] | None = None,
        *,
        txn: str | None = None,
        decision_id: str | None = None,
        call: str | None = None,
        tool: str | None = None,
        model: str | None = None,
        integration: str | None = None,
        detail: str | None = None,
    ) -> str | None:
        """Emit an audit event. It is the agent's word, and marked so in the ledger.

        Args:
            kind: `sdk.decision` (with `decision` and `reason` in `data`), `sdk.error` (with `error`), `sdk.signal`
                (with `signal`), or a kind of your own: `order_placed` is `sdk.custom.order_placed`.
            data: a JSON object. It is kept as it is: put no personal data into it, because it cannot be erased.
            txn: the transaction that it belongs to, of a decision.
            decision_id: the decision that it belongs to.
            call: the request id of an answer that it belongs to.
            tool: what it was about; at most one of `tool`, `model` and `integration`.
            model: what it was about.
            integration: what it was about.
            detail: text, up to 2,000 characters.

        Returns:
            Its id; None if the buffer is full. Then it is lost, which is counted and reported.

        Raises:
            InvalidRequestError: the service would refuse it: no such kind, no JSON, too large, or a member is missing.
        """
        members = {
            "txn": txn,
            "decision_id": decision_id,
            "call": call,
            "tool": tool,
            "model": model,
            "integration": integration,
            "detail": detail,
        }
        return self._core.emit(kind, data, members)

    @property
    def waiting(self) -> int:
        """How many events are not delivered yet."""
        return len(self._core.buffer)

    @property
    def lost(self) -> int:
        """How many events were lost, because the buffer was full or the service refused them."""
        return self._core.buffer.lost


class Audit(Emitter):
    """The audit events of a blocking client."""

    def __init__(self, core: Core, flush: Callable[[float | None], bool]) -> None:
        super().__init__(core)
        self._flush = flush

    def flush(self, timeout: float | None = None) -> bool:
        """Deliver now what waits.

        Args:
            timeout: how long to try, in seconds; the default is the configuration's.

        Returns:
            True if nothing waits any more.
        """
        return self._flush(timeout)


class AsyncAudit(Emitter):
    """The audit events of an asynchronous client."""

    def __init__(self, core: Core, flush: Callable[[float | None], Awaitable[bool]]) -> None:
        super().__init__(core)
        self._flush = flush

    async def flush(self, timeout: float | None = None) -> bool:
        """Deliver now what waits.

        Args:
            timeout: how long to try, in seconds; the default is the configuration's.

        Returns:
            True if nothing waits any more.
        """
        return await self._flush(timeout)
