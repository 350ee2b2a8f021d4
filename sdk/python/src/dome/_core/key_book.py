"""The keys that a service publishes: how long they count, and when they may be fetched again. Nothing here fetches."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, EllipticCurvePublicNumbers

from dome._core.wire import Answer, Outcome
from dome.errors import ContextError

_COUNT_FOR: Final = 300.0
_LOOK_AGAIN: Final = 30.0
"""Between two looks for an unknown key, in seconds: whoever makes up key ids makes no traffic."""
_AFTER_FAILURE: Final = 1.0
_MOST_BYTES: Final = 65_536
_MOST_KEYS: Final = 100

Keys = Mapping[str, EllipticCurvePublicKey]


class KeyBook:
    """What is known of the keys of one service."""

    def __init__(self) -> None:
        self._keys: Keys = {}
        self._at = float("-inf")
        self._asked = float("-inf")
        self._failed = False

    def must_fetch(self, kid: str, now: float) -> bool:
        """Return whether the keys must be fetched before `find` can say anything.

        Raises:
            ContextError: they were just asked for, in vain.
        """
        if self._counts(now):
            return kid not in self._keys and now - self._asked >= _LOOK_AGAIN
        if self._failed and now - self._asked < _AFTER_FAILURE:
            raise unavailable()
        return True

    def find(self, kid: str, now: float) -> EllipticCurvePublicKey | None:
        """Return a key; None: the service has no such key.

        Raises:
            ContextError: nobody can say.
        """
        if not self._counts(now):
            raise unavailable()
        return self._keys.get(kid)

    def take(self, outcome: Outcome, now: float) -> None:
        """Take an answer, or that there was none. `now` is the time before it was asked for."""
        keys = _keys_of(outcome.body) if isinstance(outcome, Answer) and outcome.status == 200 else None
        self._asked, self._failed = now, keys is None
        if keys is not None:
            self._keys, self._at = keys, now

    def _counts(self, now: float) -> bool:
        return now - self._at < _COUNT_FOR


def unavailable() -> ContextError:
    """Return the error that says that nothing can be verified."""
    message = "the keys of the Dome service cannot be fetched, so nothing can be verified"
    return ContextError("keys_unavailable", message)


def _keys_of(body: bytes) -> Keys | None:
    """Return the keys that sign what lives for minutes. Keys of evidence, and of unknown kinds, are passed over."""
    if len(body) > _MOST_BYTES:
        return None
    try:
        listed = json.loads(body)["keys"]
        if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
            return None
        return {key["kid"]: _imported(key) for key in listed if isinstance(key.get("kid"), str) and _is_token_key(key)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _is_token_key(key: Mapping[str, Any]) -> bool:
    expected = {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "dome_use": "token"}
    return all(key.get(name) == value for name, value in expected.items())


def _imported(key: Mapping[str, Any]) -> EllipticCurvePublicKey:
    x, y = (int.from_bytes(base64.urlsafe_b64decode(key[name] + "=="), "big") for name in ("x", "y"))
    return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
