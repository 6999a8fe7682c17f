"""The API's description, readable without signing in, as a file and as a page."""

from __future__ import annotations

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class Schema(SpectacularAPIView):
    authentication_classes: list[type] = []
    permission_classes: list[type] = []


# Swagger's own style is inline; this one page allows style, and still no inline script.
@method_decorator(csp_replace({"style-src": [SELF, UNSAFE_INLINE], "default-src": [NONE]}), name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    authentication_classes: list[type] = []
    permission_classes: list[type] = []
    url_name = "api_schema"
    url_self = None


class DocsScript(Docs):
    pass
