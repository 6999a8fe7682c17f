"""What each clause does at each moment on the road: one table for the docs, the help page and the tests.

A cell that is empty says that nothing happens then. Each filled cell is tested by
`tests/test_moments.py::test_cell[clause-moment]`; a clause of the library without a row fails there.
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.policies.clauses import CLAUSES

MOMENTS: dict[str, str] = {
    "catalogue": "In the catalogue",
    "request": "Request",
    "review": "Review",
    "start": "Job start",
    "during": "During the job",
    "download": "Download",
    "after": "Afterwards",
}
_IN_PACKAGE = "Its words go into every package."

TABLE: dict[str, dict[str, str]] = {
    "purpose": {
        "catalogue": "The card names the purposes.",
        "request": "Only these purposes can be chosen; another is refused.",
        "review": "Approving another is refused, with the reason.",
        "start": "Asked again; a request that no longer fits stops.",
    },
    "recipient": {
        "request": "Nobody named: not taken. Only active people of the partner can be named.",
        "download": "Only the people named can fetch the export, as long as they belong to the partner.",
    },
    "place": {
        "catalogue": "The card names the places.",
        "request": "A place outside is refused.",
        "start": "Asked again; a request that no longer fits stops.",
    },
    "period": {
        "request": "Outside the period nothing can be submitted.",
        "review": "Outside the period nothing can be approved.",
        "start": "Outside the period no job starts.",
        "during": "What is not delivered when the period ends is not delivered.",
        "download": "Closed at the end of the last day; a running download is cut.",
        "after": "The contract ends by itself; duties after the end begin.",
    },
    "columns": {
        "request": "Any other column is refused, in the request, its row filter and its recipe.",
        "during": "Every other column is dropped, and the result is checked for it.",
    },
    "only_rows": {"during": "Every other row is removed before anything else."},
    "exports": {
        "catalogue": "The card says when all are used.",
        "review": "One is reserved; when none is left, approval is refused.",
        "during": "Counted at delivery; given back when the job fails or is stopped.",
    },
    "rows_total": {
        "review": "As many rows as the export can have are reserved; when none is left, approval is refused.",
        "during": "The rows that leave are counted; more than are left stop the job.",
    },
    "formats": {
        "request": "Only these formats can be chosen; another is refused.",
        "start": "Asked again; a request that no longer fits stops.",
    },
    "download_within": {
        "download": "Closed so many days after the delivery.",
        "after": "The portal's copy is deleted when downloads are closed.",
    },
    "access_mode": {"request": "Rows as files are refused where only results may leave, and the other way round."},
    "security_level": {
        "request": "Not attested: more must be known. Too low: refused.",
        "review": "Approving is refused until the trust has attested the level.",
        "start": "Asked again; without the level no job starts.",
        "download": "Closed when the level is lowered; a running download is cut.",
    },
    "onward_to": {"during": _IN_PACKAGE},
    "min_group_size": {"during": "Smaller groups are removed, and the result is checked for them."},
    "pseudonymise": {
        "request": "Choosing rows by such a column is refused.",
        "during": "Values are replaced under the contract's own key, before any other step.",
        "after": "With the copies, the key is destroyed.",
    },
    "generalise": {
        "request": "Choosing rows by the finer value is refused.",
        "during": "Values are made coarser before any other step.",
    },
    "aggregate_only": {
        "request": "A recipe that does not sum up is refused.",
        "during": "Figures that stand for too few rows are blanked.",
    },
    "watermark": {
        "review": "The plan shows the mark as a locked step, the first of all.",
        "during": "About one row in a hundred is left out, other ones in each export; of fewer than 10,000 rows none, and the receipt says so.",
    },
    "no_onward_transfer": {"during": _IN_PACKAGE},
    "no_reidentification": {"during": _IN_PACKAGE},
    "no_ai_training": {"request": "Training a model as the purpose is refused, even where a wider purpose would include it."},
    "compensate": {
        "review": "Approving is refused until the provider has recorded the payment.",
        "start": "Asked again; without the payment no job starts.",
    },
    "report_use": {"after": "A report is due every so many days while the contract runs; reminders, then late."},
    "inform_breach": {"during": _IN_PACKAGE},
    "delete_within": {
        "after": "A duty with a date begins; at that date, or when the partner says so, the portal's own copies go too.",
    },
    "attribution": {"during": "The credit line goes into every package."},
    "if_late": {
        "download": "Closed while a duty is late, if the clause says so; open again once it is declared done.",
        "after": "The contract is suspended, the trust is told, if the clause says so.",
    },
    "own": {"during": _IN_PACKAGE},
    "unexplained": {"during": _IN_PACKAGE},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One clause with its badge and what happens at each moment, in their order; empty: nothing."""

    code: str
    label: str
    badge: str
    cells: tuple[tuple[str, str], ...]


def rows() -> list[Row]:
    """The table in the order of the library, for pages and docs."""
    return [
        Row(kind.code, kind.label, kind.badge,
            tuple((label, TABLE.get(kind.code, {}).get(moment, "")) for moment, label in MOMENTS.items()))
        for kind in CLAUSES.values()
    ]  # fmt: skip


def cells() -> list[tuple[str, str]]:
    """(clause, moment) of each filled cell: what the tests run through."""
    return [(code, moment) for code, row in TABLE.items() for moment in MOMENTS if moment in row]
