"""Members of a class that follow the class they are looked up on.

The provider's surface has static methods and plain class attributes (promise of its documentation). A subclass that
replaces its address or its cache file has a life of its own nevertheless: what is looked up on the subclass works on
the subclass.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

__all__ = ["PathOfClass", "StaticMethodOfClass", "looked_up_class"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

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

    class _StaticMethod(staticmethod[_P, _R]):
        """As type checkers know it."""
else:

    class _StaticMethod(staticmethod, Generic[_P, _R]):
        """The builtin takes no type arguments when it runs."""


class StaticMethodOfClass(_StaticMethod[_P, _R]):
    """A static method whose body can ask, by `looked_up_class`, on which class it was looked up.

    It stands above `@staticmethod`, so that tools that read the source see what it is.
    """

    def __init__(self, method: Callable[_P, _R], /) -> None:
        super().__init__(method.__func__ if isinstance(method, staticmethod) else method)

    def __get__(self, instance: Any, owner: type[Any] | None = None, /) -> Callable[_P, _R]:
        """Return the function, which runs with that class in a context variable; its signature is its own."""
        function = self.__func__
        place = cast("type[Any]", type(instance) if owner is None else owner)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def coroutine(*args: _P.args, **kwargs: _P.kwargs) -> Any:
                with _working_on(place):
                    return await cast("Awaitable[Any]", function(*args, **kwargs))

            return cast("Callable[_P, _R]", coroutine)

        @functools.wraps(function)
        def plain(*args: _P.args, **kwargs: _P.kwargs) -> _R:
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
