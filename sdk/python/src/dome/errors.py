"""What can go wrong: one class per family, one base for all.

`code` is stable, and listed in the error catalogue of the documentation. No message carries a credential, and no
error keeps the request that failed, because that would carry one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dome.decision import Change, Decision


# Every match runs to the end of its characters: none is tried twice, however the text repeats its beginning.
_CREDENTIAL = re.compile(r"dome_[a-z]{2}_[0-9A-Za-z]+|eyJ[\w-]{8,}(?:\.[\w-]*){0,2}", re.ASCII)


class DomeError(Exception):
    """Everything that this package raises by itself."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        request_id: str | None = None,
        decision_id: str | None = None,
        change: Change | None = None,
    ) -> None:
        message = _CREDENTIAL.sub("[redacted]", message)
        super().__init__(message)
        self.code = code
        """What went wrong, for programs."""
        self.message = message
        """What went wrong and what to do next, for people."""
        self.request_id = request_id
        """What an operator of the service searches for; None if there was no answer."""
        self.decision_id = decision_id
        """The decision that this is about; None if the service made none."""
        self.change = change
        """What would turn a denial around; None if nothing is known to."""

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class ConfigurationError(DomeError):
    """The key, the URL or an argument is wrong. This is the only exception that `start()` raises.

    `code` is `invalid_key`, `invalid_url`, `invalid_argument`, or `credential_refused` for a key that the service does
    not accept.
    """


class UnreachableError(DomeError):
    """There was no answer. `code` is `connection_failed` or `timed_out`."""


class UnreadableAnswerError(DomeError):
    """The answer is not one of this API: a proxy's page, a redirect, another service."""

    def __init__(self, message: str, *, status: int, request_id: str | None = None) -> None:
        super().__init__("unreadable_answer", message, request_id=request_id)
        self.status = status
        """The HTTP status of the answer."""


class ApiError(DomeError):
    """The service answered, and the answer is no."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int,
        request_id: str | None = None,
        dome_error: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, message, request_id=request_id)
        self.status = status
        """The HTTP status of the answer."""
        self.dome_error = dome_error
        """What the token endpoint adds to its few registered codes, for instance `agent_suspended`."""
        self.retry_after = retry_after
        """When the service asked to be asked again, in seconds from its answer; None if it did not say."""


class ContextError(DomeError):
    """A call does not come from Dome as it says, or not for this server. It must not be let in."""


class InvalidRequestError(DomeError):
    """What was asked for cannot be asked: the arguments are no JSON, an event has a wrong member."""

    def __init__(self, message: str) -> None:
        super().__init__("invalid_request", message)


class DeniedError(DomeError):
    """A guarded call was denied, so it did not begin. `code` is the reason."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(
            str(decision.reason),
            decision.detail,
            request_id=decision.request_id,
            decision_id=decision.decision_id,
            change=decision.change,
        )
        self.decision = decision
        """The decision, with its reason."""


class StoppedError(DomeError):
    """The agent was stopped while a call ran, and the call was cut short: what it has done so far is done."""

    def __init__(self) -> None:
        super().__init__("stopped", "the agent was stopped while this call ran")
