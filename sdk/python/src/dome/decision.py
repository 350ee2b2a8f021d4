"""The question before an act, and the decision that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Change:
    """What would turn a denial around. The service tells agents no command."""

    detail: str
    command: str | None = None
    role: str | None = None


class Reason(str):
    """Why a decision ended as it did: the code itself, with what belongs to it."""

    detail: str
    """What happened, and what to do next."""
    change: Change | None
    """What would turn a denial around; None if nothing is known to."""
    decision_id: str | None
    """What the service recorded the decision as; None if this process denied by itself."""

    def __new__(
        cls, code: str, detail: str = "", change: Change | None = None, decision_id: str | None = None
    ) -> Reason:
        """Make a reason that is equal to its code."""
        self = super().__new__(cls, code)
        self.detail = detail
        self.change = change
        self.decision_id = decision_id
        return self

    def __getnewargs__(self) -> tuple[str, str, Change | None, str | None]:  # type: ignore[override]
        return (str(self), self.detail, self.change, self.decision_id)

    def __str__(self) -> str:
        return str.__str__(self)


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What is asked: exactly one of `tool`, `model`, `integration`, or `action` with `resource`."""

    tool: str | None = None
    model: str | None = None
    integration: str | None = None
    action: str | None = None
    resource: str | None = None
    arguments: Mapping[str, Any] | None = field(default=None, repr=False)
    """What the call is made with. Left out of `repr`, because it can hold personal data."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Allow or deny. It is true if it allows, so that `if decision:` cannot let a denial pass."""

    decision: Literal["allow", "deny"]
    reason: Reason
    decision_id: str | None = None
    """What the service recorded it as; None for a denial by this process."""
    local: bool = False
    """True: this process denied by itself, and the service has no record of it but its report."""
    layer: str = "sdk"
    """Which check of the service decided; `sdk` for a denial by this process."""
    policies: tuple[str, ...] = ()
    bundle_version: str | None = None
    txn: str | None = None
    request_id: str | None = None

    @property
    def allowed(self) -> bool:
        """True if the act may begin now."""
        return self.decision == "allow"

    @property
    def detail(self) -> str:
        """What happened, and what to do next."""
        return self.reason.detail

    @property
    def change(self) -> Change | None:
        """What would turn a denial around; None if nothing is known to."""
        return self.reason.change

    def __bool__(self) -> bool:
        return self.allowed


LocalReason = Literal[
    "closed",  # the client was closed, or not started
    "stopped",  # the agent is not active, or its workspace is halted
    "draining",  # the agent, or this process, takes no new work
    "credential_refused",  # the service does not accept the key
    "delegation_refused",  # the service does not accept the token of the user or of the other agent
    "invalid_request",  # the question cannot be asked like this
    "unavailable",  # no answer that can be read came in time
]
"""Why this process denied by itself: a closed list. The reasons of the service are in its documentation."""


def denied(code: LocalReason, detail: str, *, request_id: str | None = None) -> Decision:
    """Return a denial by this process. There is no function that makes an allow: only the service does."""
    return Decision("deny", Reason(code, detail), local=True, request_id=request_id)
