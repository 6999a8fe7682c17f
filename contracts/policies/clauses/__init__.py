"""The library of clauses: the one list that words, form, ODRL, jobs, differences and docs read."""

from __future__ import annotations

from contracts.policies.clauses.base import (
    LANGUAGES,
    ClauseError,
    ClauseKind,
    Field,
    Said,
    Value,
)
from contracts.policies.clauses.duties import DUTIES, named_terms
from contracts.policies.clauses.protect import PROTECT
from contracts.policies.clauses.use import USE
from contracts.policies.clauses.words import FORMATS, MODES, columns_in_words, long_day

_ORDER = (
    "purpose recipient place period columns only_rows exports rows_total formats download_within access_mode "
    "security_level onward_to min_group_size pseudonymise generalise aggregate_only watermark no_onward_transfer "
    "no_reidentification no_ai_training compensate report_use inform_breach delete_within attribution if_late own "
    "unexplained"
)
_KNOWN = {kind.code: kind for kind in (*USE, *PROTECT, *DUTIES)}
CLAUSES: dict[str, ClauseKind] = {code: _KNOWN.pop(code) for code in _ORDER.split()}
assert not _KNOWN, f"without a place in the order: {sorted(_KNOWN)}"

__all__ = [
    "CLAUSES",
    "FORMATS",
    "LANGUAGES",
    "MODES",
    "ClauseError",
    "ClauseKind",
    "Field",
    "Said",
    "Value",
    "columns_in_words",
    "long_day",
    "named_terms",
]
