"""JSON as the API takes it: strict, and without the one character that databases refuse."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from kernel.doors import holds_nul


class StrictJSON(JSONParser):
    """NaN, Infinity and U+0000 are refused with a sentence. Raises ParseError."""

    strict = True

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        found = super().parse(*args, **kwargs)
        if holds_nul(found):
            raise ParseError("The body holds a NUL character (U+0000), which no text may hold; take it out.")
        return found
