from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class DeliveriesConfig(AppConfig):
    name = "jobs.deliveries"
    label = "deliveries"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration happens on import: machines, facts, verbs, forms, selectors, the job's handler.
        for part in ("machines", "facts", "selectors", "services", "erasure", "forms", "export", "foretold"):
            if find_spec(f"{self.name}.{part}"):
                import_module(f"{self.name}.{part}")
