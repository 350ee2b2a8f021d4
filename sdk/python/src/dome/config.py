"""What a client is told: where the service is, and the agent's key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import InitVar, dataclass, field

from dome._core.endpoint import checked_key
from dome._core.secret import Secret


@dataclass(frozen=True)
class DomeConfig:
    """The configuration of a client. Nothing is checked here: `start()` raises for a bad key or URL."""

    base_url: str
    """Where the service is, for instance `https://dome.example.com`."""
    token: InitVar[str | Callable[[], str]]
    """The agent's API key (`dome_at_…`), or a function that returns the current one. The function is called whenever
    the key is needed, from several threads, so that a rotation needs no restart."""
    timeout: float = 10.0
    """The longest time that one operation takes, with its retries, in seconds. Blocking code also waits for the system
    to look up the host's name, which no timeout cuts short."""
    retries: int = 2
    """How often a failed request is sent again."""
    raise_on_error: bool = False
    """True: `check` raises if the service cannot be asked, and calls neither callback. A denial never raises."""
    insecure_http: bool = False
    """True: send the key over `http://` to another machine."""
    listen: bool = True
    """False: do not open the event stream. The client then hears of a stop by refusals alone."""
    event_buffer: int = 10_000
    """The most audit events that wait to be delivered; what comes on top is counted as lost, and reported."""
    _key: Secret | Callable[[], str] = field(init=False, repr=False)

    def __post_init__(self, token: str | Callable[[], str]) -> None:
        """Put the key where `repr`, `asdict` and tracebacks do not show it."""
        object.__setattr__(self, "_key", token if callable(token) else Secret(token))

    def read_key(self) -> Secret:
        """Return the key as it is now.

        Raises:
            ConfigurationError: it is no API key of an agent.
        """
        source = self._key
        return checked_key(source if isinstance(source, Secret) else Secret(source()))
