from importlib import import_module

from django.apps import AppConfig


class WitnessesConfig(AppConfig):
    name = "trusts.witnesses"
    label = "witnesses"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration happens on import: machines, facts, verbs, forms, selectors.
        for part in ("machines", "selectors", "services", "handing_in", "forms"):
            import_module(f"{self.name}.{part}")
