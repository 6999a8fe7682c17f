"""Whatever is sent to any API operation, the answer is one that the description names, never a 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck

from portal.wsgi import application
from tests import worlds
from tests.cast import Cast
from tests.test_access import token

pytestmark = [pytest.mark.django_db, pytest.mark.strict]


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The application is called in this process, which must not close the test's connection after each request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_no_input_makes_the_api_stumble(cast: Cast, one_connection: None) -> None:
    request = worlds.submitted(cast)
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)
    headers = {
        "Authorization": token(
            cast, "dana", ["read", "datasets", "negotiations", "requests", "deliveries", "trusts"]
        )["HTTP_AUTHORIZATION"]
    }
    known = {"/negotiations/": request.agreement.negotiation_id, "/agreements/": request.agreement_id, "/requests/": request.pk,
             "/datasets/": request.agreement.dataset_id, "/versions/": request.version_of_data_id}  # fmt: skip
    tried, wrong = 0, []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith(("docs/", "docs/script.js", "schema/")):
            continue

        @hypothesis.settings(
            max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        @hypothesis.seed(1)
        @hypothesis.given(case=operation.as_strategy())
        def send(case: Any) -> None:
            nonlocal tried
            tried += 1
            for part, pk in known.items():
                if (
                    part in case.path
                    and isinstance(case.path_parameters, dict)
                    and "id" in case.path_parameters
                ):
                    case.path_parameters["id"] = str(pk)
            answer = case.call(headers=headers)
            if answer.status_code >= 500:
                wrong.append(f"{case.method} {case.formatted_path} {case.query} {case.body!r}"[:600])
            elif answer.status_code >= 400:
                kind = answer.headers.get("content-type", [""])
                if not any("problem+json" in k for k in kind) and answer.status_code != 404:
                    wrong.append(
                        f"{case.method} {case.formatted_path}: {answer.status_code} is no problem document: {kind}"
                    )

        send()
        assert not wrong, "\n".join(wrong[:5])
    assert tried > 300
