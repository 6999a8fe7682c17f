"""Mails about an account: confirm an address, set a new password, somebody tried to sign up again.

They leave as every other mail does, through the outbox and a worker: no page waits for a mail server or fails with it. Their links
are secrets, so they wait sealed.
"""

from __future__ import annotations

import json
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.sites.shortcuts import get_current_site
from django.core.mail import EmailMessage

from kernel import outbox
from kernel.keys import open_secret, seal_secret

TOPIC = "account.mail"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's own, but for the way its mails leave."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        about = {"request": self.request, "email": email, "current_site": get_current_site(self.request)}
        made = self.render_mail(template_prefix, email, about | context)
        said = {"subject": made.subject, "body": made.body, "to": made.to}
        outbox.put(TOPIC, {"sealed": seal_secret(json.dumps(said).encode())})


def send(message: dict[str, Any]) -> int:
    """The worker's part, as plain text. Raises OSError if the mail server is away."""
    said = json.loads(open_secret(message["sealed"]))
    EmailMessage(said["subject"], said["body"], to=said["to"]).send()
    return 1
