"""Numbers that JSON cannot write, and that lenient readers take nevertheless: `NaN`, and `1e999`, which is infinite."""

from __future__ import annotations

import json
from collections.abc import Mapping

from robocoders.wire.openai.errors import ParameterError

__all__ = ["refuse_odd_numbers"]


def refuse_odd_numbers(values: Mapping[str, object]) -> None:
    """Refuse values that could not be told again.

    Args:
        values: JSON values by the parameters in which they stand.

    Raises:
        ParameterError: One holds a number that is infinite, or none.
    """
    for param, value in values.items():
        try:
            json.dumps(value, allow_nan=False)
        except ValueError:
            text = "There is a number that is infinite, or none: JSON cannot write it."
            raise ParameterError(param, text, "invalid_number") from None
