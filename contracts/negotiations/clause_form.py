"""The clause form, which the charters' limits share."""

from __future__ import annotations

from contracts.charters.clause_form import TermsForm

__all__ = ["TermsForm"]
