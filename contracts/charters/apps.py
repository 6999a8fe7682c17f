from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class ChartersConfig(AppConfig):
    name = "contracts.charters"
    label = "charters"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration happens on import: machines, facts, verbs, forms, selectors.
        for part in ("machines", "facts", "selectors", "services", "voting", "forms"):
            if find_spec(f"{self.name}.{part}"):
                import_module(f"{self.name}.{part}")
