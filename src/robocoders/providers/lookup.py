"""Members of a class that follow the class they are looked up on.

The provider's surface has static methods and plain class attributes (promise of its documentation). A subclass that
replaces its address or its cache file has a life of its own nevertheless: what is looked up on the subclass works on
the subclass.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

__all__ = ["PathOfClass", "follows_lookup", "looked_up_class"]

_F = TypeVar("_F", bound=Callable[..., Any])

_looked_up: ContextVar[type | None] = ContextVar("looked_up", default=None)


def looked_up_class(default: type) -> type:
    """Return the class on which the running static method was looked up; `default` where it was called bare."""
    return _looked_up.get() or default


@contextmanager
def _working_on(owner: type) -> Generator[None]:
    token = _looked_up.set(owner)
    try:
        yield
    finally:
        _looked_up.reset(token)


if TYPE_CHECKING:
    _StaticMethod = staticmethod[..., Any]
else:
    # The builtin takes no type arguments when it runs.
    _StaticMethod = staticmethod


def follows_lookup(method: _F) -> _F:
    """Make a static method out of one whose body asks, by `looked_up_class`, on which class it was looked up.

    It stands above `@staticmethod`, so that whoever reads the source, a type checker included, sees what it is.
    """
    return cast("_F", _StaticMethodOfClass(inspect.unwrap(method)))


class _StaticMethodOfClass(_StaticMethod):
    def __get__(self, instance: Any, owner: type[Any] | None = None, /) -> Callable[..., Any]:
        """Return the function, which runs with that class in a context variable; its signature is its own."""
        function: Callable[..., Any] = self.__func__
        place = cast("type[Any]", type(instance) if owner is None else owner)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                with _working_on(place):
                    return await function(*args, **kwargs)

            return coroutine

        @functools.wraps(function)
        def plain(*args: Any, **kwargs: Any) -> Any:
            with _working_on(place):
                return function(*args, **kwargs)

        return plain


class PathOfClass:
    """A class attribute that is a `Path`, asked for at every look-up: importing does no work.

    Args:
        path: Called with the class; returns the path.
    """

    def __init__(self, path: Callable[[Any], Path]) -> None:
        self._path = path

    def __get__(self, instance: Any, owner: type | None = None) -> Path:
        return self._path(type(instance) if owner is None else owner)
