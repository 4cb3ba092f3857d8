"""Asking a server to stop, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["StopSwitch"]


class StopSwitch:
    """Stops a server that runs in the same process; pressing it before the server runs works too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pressed = False
        self._listener: Callable[[], None] | None = None

    def press(self) -> None:
        """Ask for a graceful stop. Pressing again does nothing."""
        with self._lock:
            first, self._pressed = not self._pressed, True
            listener = self._listener
        if first and listener is not None:
            listener()

    def on_press(self, listener: Callable[[], None] | None) -> None:
        """Call `listener` from the thread that presses, at once if that has happened. None: call nobody any more."""
        with self._lock:
            self._listener = listener
            pressed = self._pressed
        if pressed and listener is not None:
            listener()
