"""What happens to clients when their process forks or ends."""

from __future__ import annotations

import atexit
import os
import weakref
from typing import Protocol


class Client(Protocol):
    """What every client does then."""

    def _after_fork(self) -> None: ...
    def _at_exit(self) -> None: ...


_clients: weakref.WeakSet[Client] = weakref.WeakSet()
register = _clients.add


def _forked() -> None:
    for client in list(_clients):
        client._after_fork()  # noqa: SLF001 (the one caller)


def _exiting() -> None:
    for client in list(_clients):
        client._at_exit()  # noqa: SLF001 (the one caller)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
atexit.register(_exiting)
