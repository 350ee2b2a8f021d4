"""Text that must not leak: a key, a token. It shows itself only to code that asks for it by name."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """A credential. `repr`, `str`, `format`, logs and tracebacks show a placeholder; it cannot be pickled."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """Return the text itself: call this where the text goes on the wire, and nowhere else."""
        return self.__text

    def __repr__(self) -> str:
        return "<redacted>"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__text.encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash(self.__text)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a credential cannot be pickled: give the other process its own configuration")
