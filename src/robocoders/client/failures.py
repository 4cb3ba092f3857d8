"""What leaves the transport instead of other libraries' exceptions."""

from __future__ import annotations

from robocoders.errors import RobocodersError

__all__ = ["TransportFailure"]


class TransportFailure(Exception):  # noqa: N818 - it never reaches a user; it carries the error that does
    """A request that got no answer, or an answer that broke off.

    Args:
        error: What to tell the user.
        sent: Whether the request may have reached the server.
        lasting: Whether another attempt would end alike, as with a certificate that is not trusted.
    """

    def __init__(self, error: RobocodersError, *, sent: bool, lasting: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        self.sent = sent
        self.lasting = lasting
