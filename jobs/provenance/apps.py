from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class ProvenanceConfig(AppConfig):
    name = "jobs.provenance"
    label = "provenance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration happens on import: verbs, the worker's part, forms.
        for part in ("services", "origins", "telling", "withdrawing", "forms"):
            if find_spec(f"{self.name}.{part}"):
                import_module(f"{self.name}.{part}")
