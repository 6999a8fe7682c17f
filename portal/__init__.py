"""The shell: settings, pages that span stations, demo. Knows everything, known by nobody."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
