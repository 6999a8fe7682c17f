from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class MembershipConfig(AppConfig):
    name = "trusts.membership"
    label = "membership"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration happens on import: machines, facts, verbs, forms, selectors.
        for part in (
            "trust_machine",
            "machines",
            "facts",
            "selectors",
            "services",
            "joining",
            "parting",
            "winding",
            "forms",
            "joining_forms",
        ):
            if find_spec(f"{self.name}.{part}"):
                import_module(f"{self.name}.{part}")
