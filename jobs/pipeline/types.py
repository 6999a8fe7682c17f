"""Which type every value of a column can have without changing: learned over the whole file."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

NULL_WORDS = ["NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "None"]
_PATTERNS = {
    "integer": r"^-?(0|[1-9][0-9]{0,18})$",
    "number": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$",
    "boolean": r"^(?i:true|false)$",
    "date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "timestamp": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?$",
    "timestamp_utc": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|\+00:00)$",
}
ORDER = ["integer", "boolean", "date", "timestamp", "timestamp_utc", "number", "decimal"]
ARROW: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamp_utc": pa.timestamp("us", tz="UTC"),
    "text": pa.string(),
}


def blanked(column: pa.Array) -> pa.Array:
    """Words that mean missing become missing; used for columns that are not text."""
    return pc.if_else(pc.is_in(column, value_set=pa.array(NULL_WORDS)), pa.scalar(None, pa.string()), column)


class Guess:
    """Candidates for one column, narrowed batch by batch."""

    def __init__(self, keep_text: bool) -> None:
        self.open = {"date", "timestamp", "timestamp_utc"} if keep_text else set(ORDER)
        self.seen = False
        self.whole, self.scale = 1, 0

    def see(self, column: pa.Array) -> None:
        if not self.open:
            return
        values = pc.drop_null(pc.unique(blanked(column)))
        if not len(values):
            return
        self.seen = True
        for kind in list(self.open):
            if not self._fits(kind, values):
                self.open.discard(kind)

    def _fits(self, kind: str, values: pa.Array) -> bool:
        pattern = _PATTERNS["number" if kind == "decimal" else kind]
        if not pc.all(pc.match_substring_regex(values, pattern)).as_py():
            return False
        if kind == "number":
            # At most 15 significant digits survive a double; more than that is a decimal or text.
            digits = pc.replace_substring_regex(values, r"([eE].*$)|[^0-9]", "")
            digits = pc.utf8_ltrim(digits, "0")
            return bool((pc.max(pc.utf8_length(digits)).as_py() or 0) <= 15) and self._casts(kind, values)
        if kind == "decimal":
            if pc.any(pc.match_substring(values, "e", ignore_case=True)).as_py():
                return False
            whole = pc.max(pc.utf8_length(pc.replace_substring_regex(values, r"\..*$|-", ""))).as_py()
            part = pc.max(pc.utf8_length(pc.replace_substring_regex(values, r"^[^.]*\.?", ""))).as_py()
            self.whole, self.scale = max(self.whole, whole), max(self.scale, part)
            return self.whole + self.scale <= 38
        return self._casts(kind, values)

    @staticmethod
    def _casts(kind: str, values: pa.Array) -> bool:
        try:
            cast_text(values, ARROW[kind])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return False
        return True

    def arrow(self) -> pa.DataType:
        """The type to write."""
        if not self.seen:
            return pa.string()
        for kind in ORDER:
            if kind in self.open:
                return pa.decimal128(38, self.scale) if kind == "decimal" else ARROW[kind]
        return pa.string()


def cast_text(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Text to the type; raises ArrowInvalid when a value does not fit."""
    if pa.types.is_boolean(kind):
        return pc.cast(pc.utf8_lower(column), kind)
    if pa.types.is_timestamp(kind) and kind.tz:
        bare = pc.replace_substring_regex(column, r"(Z|\+00:00)$", "")
        return pc.cast(pc.cast(bare, pa.timestamp("us")), kind)
    return pc.cast(column, kind)


def name_of(kind: pa.DataType) -> str:
    """The portal's word for an Arrow type."""
    tests = (
        (pa.types.is_boolean, "boolean"), (pa.types.is_integer, "integer"), (pa.types.is_floating, "number"),
        (pa.types.is_decimal, "decimal"), (pa.types.is_date, "date"), (pa.types.is_timestamp, "timestamp"),
    )  # fmt: skip
    return next((word for test, word in tests if test(kind)), "text")


def canonical(kind: pa.DataType) -> pa.DataType:
    """The type that the portal keeps for a Parquet column: exact, and few."""
    if pa.types.is_dictionary(kind):
        return canonical(kind.value_type)
    if pa.types.is_uint64(kind):
        return pa.decimal128(20, 0)
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC" if kind.tz else None)
    if pa.types.is_date(kind):
        return pa.date32()
    if pa.types.is_boolean(kind) or pa.types.is_decimal128(kind):
        return kind
    return pa.string()
