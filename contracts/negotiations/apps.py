from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class NegotiationsConfig(AppConfig):
    name = "contracts.negotiations"
    label = "negotiations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration happens on import: machines, facts, verbs, forms, selectors.
        parts = (
            "machines",
            "facts",
            "claims",
            "selectors",
            "services",
            "leaving",
            "concerned",
            "forms",
            "winding",
            "signature_forms",
            "duty_forms",
        )
        for part in parts:
            if find_spec(f"{self.name}.{part}"):
                import_module(f"{self.name}.{part}")
