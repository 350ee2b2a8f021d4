"""Call tokens of one wish: the agent's own, or one with which it acts for a user or another agent.

Times are counted from before the request for the token was sent, by the monotonic clock, with the `expires_in` of the
answer. So a clock that is minutes wrong makes no difference, and a token is never believed to live longer than it does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dome._core.ports import Ports
from dome._core.secret import Secret
from dome._core.wire import Answer, read_object, unreadable
from dome.errors import DomeError

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105
RENEWAL_PAUSE = 5.0
"""After a renewal ahead of time has failed, the next one waits this long, in seconds."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and until when it is used."""

    secret: Secret
    usable_until: float
    renew_at: float


@dataclass(slots=True)
class TokenSlot:
    """One wish and the token that it has brought. Not safe between threads: the core holds its lock around it."""

    wish: dict[str, str] = field(repr=False)
    """The form to send."""
    flight: object | None = None
    """The request for a token that is under way, as the client waits for it; None: there is none."""
    _held: Token | None = None
    _not_before: float = 0.0

    def usable(self, now: float) -> Secret | None:
        """Return the token, if it can be used now."""
        held = self._held
        return held.secret if held is not None and now < held.usable_until else None

    def due(self, now: float) -> bool:
        """Return True when the token is good yet, and to be renewed ahead of its end."""
        return self._held is not None and now >= self._held.renew_at and now >= self._not_before

    def pause(self, now: float) -> None:
        """Let the next renewal ahead of time wait: one has failed."""
        self._not_before = now + RENEWAL_PAUSE

    def keep(self, token: Token) -> None:
        """Use this token from now on."""
        self._held = token

    def drop(self, refused: Secret) -> None:
        """Forget the token, if it is still this one."""
        if self._held is not None and self._held.secret is refused:
            self._held = None


def own_wish() -> dict[str, str]:
    """Return the wish for a token of the agent itself (RFC 6749 §4.4)."""
    return {"grant_type": "client_credentials"}


def exchange_wish(subject: Secret, kind: str) -> dict[str, str]:
    """Return the wish for a token with which this agent acts for the subject (RFC 8693 §2.1)."""
    return {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": subject.reveal(),
        "subject_token_type": f"urn:ietf:params:oauth:token-type:{kind}",
    }


def read_token(answer: Answer, asked_at: float, ports: Ports) -> Token | DomeError:
    """Return the token of an answer of the token endpoint.

    It is renewed after 60 to 80 % of its life, and not used in its last tenth, at most 5 s.
    """
    body = read_object(answer) or {}
    text, lives = body.get("access_token"), body.get("expires_in")
    if not isinstance(text, str) or not text.isascii() or not text.isprintable() or " " in text or not text:
        return unreadable(answer, "access_token is no token")
    if not isinstance(lives, (int, float)) or isinstance(lives, bool) or not 0 < lives < 1e9:
        return unreadable(answer, "expires_in is no number of seconds")
    return Token(
        Secret(text),
        usable_until=asked_at + lives - min(5.0, lives / 10),
        renew_at=asked_at + lives * (0.6 + 0.2 * ports.jitter()),
    )
