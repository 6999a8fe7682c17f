"""Why a value does not fit, in words that follow the value. Plain data, needs no Arrow."""

from __future__ import annotations

WORDS = {
    "not_integer": "is no whole number", "not_number": "is no number", "not_boolean": "is neither true nor false",
    "not_date": "is no date", "not_timestamp": "is no time", "leading_zero": "begins with a zero, which a number would lose",
    "too_large": "has more digits than the type keeps", "too_long": "has more digits than a number keeps exactly",
    "not_finite": "is not a finite number", "no_such_date": "is a date that does not exist",
    "other_order": "is a date in another order", "other_zone": "differs from the other times in having or lacking a zone",
    "error_cell": "is an error of the workbook, which has no value",
    "too_few_cells": "has fewer cells than the header", "too_many_cells": "has more cells than the header",
}  # fmt: skip
