from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "trusts.organisations"
    label = "organisations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration happens on import: machines, facts, verbs, forms, selectors.
        for part in (
            "machines",
            "people_machines",
            "access_machines",
            "sign_in_machines",
            "facts",
            "selectors",
            "services",
            "robots",
            "people",
            "forms",
            "key_forms",
            "people_forms",
            "access",
            "access_forms",
            "sign_in",
            "sign_in_forms",
        ):
            if find_spec(f"{self.name}.{part}"):
                import_module(f"{self.name}.{part}")
