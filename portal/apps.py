from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    label = "portal"

    def ready(self) -> None:
        from portal import wiring

        wiring.connect()
