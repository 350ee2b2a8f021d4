"""The agent's side of Dome: check before you act, hear when you are stopped, emit audit events."""

from dome._core.work import Call, current_call
from dome._version import __version__
from dome.asynchronous import AsyncDomeClient
from dome.client import DomeClient
from dome.config import DomeConfig
from dome.decision import Change, CheckRequest, Decision, Reason
from dome.errors import (
    ApiError,
    ConfigurationError,
    ContextError,
    DeniedError,
    DomeError,
    InvalidRequestError,
    StoppedError,
    UnreachableError,
    UnreadableAnswerError,
)
from dome.events import AgentEvent

__all__ = [
    "AgentEvent",
    "ApiError",
    "AsyncDomeClient",
    "Call",
    "Change",
    "CheckRequest",
    "ConfigurationError",
    "ContextError",
    "Decision",
    "DeniedError",
    "DomeClient",
    "DomeConfig",
    "DomeError",
    "InvalidRequestError",
    "Reason",
    "StoppedError",
    "UnreachableError",
    "UnreadableAnswerError",
    "__version__",
    "current_call",
]
