"""The file to trace."""

from __future__ import annotations

from django import forms

from trusts.datasets.forms import FileToRegister


class LeakForm(forms.Form):
    file = FileToRegister(
        label="The file that you found",
        help_text="CSV and its kin, JSON, JSON Lines, Excel (XLSX), ODS, Parquet or Arrow; plain, gzip, zstd or zip. Columns may be "
        "missing, renamed or in another order, and rows may be missing. The file is kept as evidence.",
        error_messages={"empty": "This file is empty (0 bytes). Choose another."},
    )
