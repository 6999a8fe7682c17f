"""Which topic makes what happen. The only place that knows both ends."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from kernel import outbox


def connect() -> None:
    """Called once when the portal starts, in every process."""
    from contracts.negotiations import automatic, columns
    from contracts.sharing import robot
    from jobs.deliveries import erasure, export
    from jobs.intake import judge, look
    from jobs.intake import services as intake
    from jobs.provenance import telling, withdrawing
    from jobs.runs import services as runs
    from jobs.trials import services as trials
    from portal import notify
    from portal.trail import checks
    from trusts.organisations import account_mail
    from trusts.proposals import services as proposals

    # Before the mail about the turn: what a rule has answered waits for nobody.
    outbox.listen("membership.applied", proposals.on_applied)
    outbox.listen("negotiation.turn", automatic.on_turn)
    outbox.listen("request.submitted", robot.on_submitted)
    outbox.listen("version.registered", intake.on_registered)
    outbox.listen("source.look", look.on_source_look)
    outbox.listen("request.try", trials.on_request_try)
    outbox.listen("recipe.try", trials.on_recipe_try)
    outbox.listen("version.profiled", columns.on_version_profiled)
    outbox.listen("version.profiled", judge.on_version_profiled)
    outbox.listen("version.profiled", withdrawing.on_version_profiled)
    outbox.listen("dataset.rules_changed", judge.on_rules_changed)
    outbox.listen("dataset.rows_withdrawn", withdrawing.on_rows_withdrawn)
    outbox.listen("delivery.available", telling.on_delivered)
    outbox.listen("request.approved", export.on_approved)
    outbox.listen("agreement.stopped", export.on_agreement_stopped)
    outbox.listen("duty.declared", erasure.on_declared)
    outbox.listen("job.stopped", runs.forget)
    outbox.listen("job.queued", send_to_worker)
    outbox.listen("upload.checking", check_upload_later)
    outbox.listen(checks.TOPIC, check_log_later)
    for topic in (*notify.TOPICS, account_mail.TOPIC):
        outbox.listen(topic, send_mail_later(topic))


def send_to_worker(message: dict[str, Any]) -> None:
    """Hand the job's id to the broker; raises if it is away, and the outbox tries again."""
    from jobs.runs.tasks import run_job

    run_job.apply_async([message["id"]], retry=False)


def check_upload_later(message: dict[str, Any]) -> None:
    """A large file is hashed by the worker for errands; raises if the broker is away, and the outbox tries again."""
    from portal.tasks import check_upload

    check_upload.apply_async([message["id"]], retry=False)


def check_log_later(message: dict[str, Any]) -> None:
    """A long log is verified by a worker, so that nobody waits for the page; raises if the broker is away."""
    from portal.tasks import check_log

    check_log.apply_async([message["id"]], retry=False)


def send_mail_later(topic: str) -> outbox.Listener:
    """E-mail is sent by a worker, so that no web request waits for a mail server."""

    def listener(message: dict[str, Any]) -> None:
        from portal.tasks import mail

        # The mark lets a task that is run again see whom it has told already.
        mail.apply_async([topic, {**message, "once": uuid4().hex}], retry=False)

    return listener
