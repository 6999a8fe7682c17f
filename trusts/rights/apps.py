from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class RightsConfig(AppConfig):
    name = "trusts.rights"
    label = "rights"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration happens on import: machines, facts, verbs, forms, selectors.
        for part in (
            "machines",
            "emergency_machine",
            "facts",
            "selectors",
            "services",
            "emergencies",
            "forms",
        ):
            if find_spec(f"{self.name}.{part}"):
                import_module(f"{self.name}.{part}")
