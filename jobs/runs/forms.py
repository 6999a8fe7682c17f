from __future__ import annotations

from jobs.runs.machines import JOB
from kernel.doors import ReasonForm
from kernel.registry import asks_with


@asks_with(JOB, "cancel")
class CancelForm(ReasonForm):
    pass
