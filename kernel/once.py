"""A form posted twice makes one thing: the page carries the new object's id, and the id is unique."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction

from kernel.decision import Refused

Made = TypeVar("Made")


def once(find: Callable[[], Made | None], make: Callable[[], Made]) -> Made:
    """What `find` gives, else what `make` makes; if someone made it in between, theirs.

    Raises Refused if the id belongs to something else. `make` runs in a transaction of its own, so that losing the race leaves nothing.
    """
    found = find()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return make()
    except IntegrityError:
        found = find()
        if found is None:
            raise Refused.because(
                "form.used",
                "The number that this page gave to the new object is taken",
                remedy="Open the page again and send it once more",
            ) from None
        return found
