"""Which functions can be guarded, and what one is called with, as the arguments of a check."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Arguments = Callable[..., Mapping[str, Any]]
T = TypeVar("T")


def is_asynchronous(function: Callable[..., object]) -> bool:
    """Return True for a coroutine function, also for an object with an asynchronous `__call__`.

    Raises:
        TypeError: it is a generator function: its body would run after the call has ended, unchecked.
    """
    while isinstance(function, functools.partial):
        function = function.func
    called = (function, type(function).__call__)
    if any(inspect.isgeneratorfunction(each) or inspect.isasyncgenfunction(each) for each in called):
        raise TypeError("a generator cannot be guarded, because it runs after its call has ended: guard what it calls")
    return any(inspect.iscoroutinefunction(each) for each in called)


def ended(result: T) -> T:
    """Return what a guarded function has returned.

    Raises:
        TypeError: it is a generator or a coroutine: the work would be done after the call has ended.
    """
    if inspect.isgenerator(result) or inspect.iscoroutine(result):
        result.close()  # Python warns of a coroutine that is never awaited
    elif not inspect.isasyncgen(result):
        return result
    raise TypeError(f"a guarded function has returned a {type(result).__name__}, which would run after its call")


def arguments_of(function: Callable[..., object], given: Arguments | None) -> Arguments:
    """Return what turns the arguments of a call into those of a check.

    They go by name, without the instance of a method. A default that is used is one of them, because the function runs
    with it; a default of None says that there is no such argument.
    """
    if given is not None:
        return given
    signature = inspect.signature(function)
    first = next(iter(signature.parameters), None)

    def by_name(*args: Any, **kwargs: Any) -> Mapping[str, Any]:
        bound = signature.bind(*args, **kwargs).arguments
        named: dict[str, Any] = {}
        more: Mapping[str, Any] = {}
        for name, parameter in signature.parameters.items():
            if name == first and name in ("self", "cls"):
                continue
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                more = bound.get(name, {})
            elif name in bound:
                named[name] = bound[name]
            elif parameter.default is not inspect.Parameter.empty and parameter.default is not None:
                named[name] = parameter.default
        return {**named, **{name: value for name, value in more.items() if name not in named}}

    return by_name
