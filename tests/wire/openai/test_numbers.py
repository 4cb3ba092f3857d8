from __future__ import annotations

import pytest

from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.openai.numbers import refuse_odd_numbers


def test_numbers_that_json_cannot_write_are_refused_by_their_place() -> None:
    """Protocol fact: RFC 8259, numbers that are infinite or none are not permitted."""
    refuse_odd_numbers({"tools": [{"parameters": {"maximum": 1e308}}], "input": None})
    for odd in (float("inf"), float("nan")):
        with pytest.raises(ParameterError) as caught:
            refuse_odd_numbers({"input": "text", "tools": [{"parameters": {"maximum": odd}}]})
        assert (caught.value.param, caught.value.code) == ("tools", "invalid_number")
