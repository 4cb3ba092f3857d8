"""What an engine's readers get, in the words of `wire`."""

from __future__ import annotations

from robocoders.engine.hub import Item
from robocoders.events import TextDelta, TextReset
from robocoders.store import LiveText, StoredEvent
from robocoders.wire.codec import StreamItem, decode_event

__all__ = ["stream_item"]


def stream_item(item: Item) -> StreamItem:
    """The event, the piece of live text, or its withdrawal."""
    if isinstance(item, StoredEvent):
        return decode_event(item.body)
    if isinstance(item, LiveText):
        return TextDelta(delta_of=item.event_id, offset=item.offset, text=item.text)
    return TextReset(delta_of=item.event_id)
