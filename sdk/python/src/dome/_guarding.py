"""What a guarded function is called with, as the arguments of a check."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

Arguments = Callable[..., Mapping[str, Any]]


def arguments_of(function: Callable[..., object], given: Arguments | None) -> Arguments:
    """Return what turns the arguments of a call into those of a check: by name, without the instance of a method."""
    if given is not None:
        return given
    signature = inspect.signature(function)
    first = next(iter(signature.parameters), None)

    def by_name(*args: Any, **kwargs: Any) -> Mapping[str, Any]:
        bound = signature.bind(*args, **kwargs)
        named = dict(bound.arguments)
        if first in ("self", "cls"):
            named.pop(first, None)
        for name, parameter in signature.parameters.items():
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                named.update(named.pop(name, {}))
        return named

    return by_name
