from importlib import import_module

from django.apps import AppConfig


class MergersConfig(AppConfig):
    name = "trusts.mergers"
    label = "mergers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration happens on import: machines, facts, verbs, forms, selectors.
        for part in ("machines", "facts", "selectors", "services", "forms"):
            import_module(f"{self.name}.{part}")
