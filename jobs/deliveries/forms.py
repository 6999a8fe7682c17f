from __future__ import annotations

from jobs.deliveries.machines import DELIVERY
from kernel.doors import ReasonForm
from kernel.registry import asks_with


@asks_with(DELIVERY, "revoke")
class RevokeForm(ReasonForm):
    pass
