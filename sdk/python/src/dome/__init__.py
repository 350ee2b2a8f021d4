"""The agent's side of Dome: check before you act, hear when you are stopped, emit audit events."""

from dome._version import __version__
from dome.client import DomeClient
from dome.config import DomeConfig
from dome.decision import Change, CheckRequest, Decision, Reason
from dome.errors import (
    ApiError,
    ConfigurationError,
    DeniedError,
    DomeError,
    InvalidRequestError,
    StoppedError,
    UnreachableError,
    UnreadableAnswerError,
)

__all__ = [
    "ApiError",
    "Change",
    "CheckRequest",
    "ConfigurationError",
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
]
