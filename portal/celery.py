"""The Celery application. Tasks are found in each station's `tasks.py`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("commonhold")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
