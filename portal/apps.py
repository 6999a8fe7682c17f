from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    label = "portal"

    def ready(self) -> None:
        from django.conf import settings

        from contracts.recipes.plugins import load_plugins
        from portal import wiring

        wiring.connect()
        load_plugins(settings.STEP_PACKAGES)
