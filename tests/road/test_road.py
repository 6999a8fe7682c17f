"""The whole road by verbs: register, profile, offer, negotiate, agree, request, review, run, deliver, prove."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.conf import settings

from contracts.negotiations import signing
from jobs.deliveries import services as deliveries
from jobs.deliveries.models import Delivery
from jobs.runs.models import Job
from kernel import store
from kernel.audit.models import Event
from kernel.audit.seal import seal_all
from kernel.audit.verify import verify
from tests import worlds
from tests.cast import Cast


@pytest.mark.django_db
def test_a_file_becomes_a_receipt_that_a_stranger_can_check(cast: Cast, tmp_path: Path) -> None:
    request = worlds.delivered(cast)
    job = Job.objects.get(kind="export")
    assert job.state == "done", job.failure
    delivery = Delivery.objects.get(request=request)
    # One row has no delay, one carrier flies alone: four rows stay, in groups of two.
    assert delivery.rows == 4
    assert all(found["holds"] for found in signing.check(request.agreement))

    with zipfile.ZipFile(store.path_of(delivery.package_sha256)) as package:
        package.extractall(tmp_path / "package")
    folder = tmp_path / "package"
    text = (folder / delivery.data_name).read_text()
    assert "N1" not in text
    assert text.splitlines()[0].replace('"', "") == "carrier,tailnum,dest,arr_delay"
    receipt = json.loads((folder / "receipt.json").read_text())
    assert receipt["body"]["approved_by"][0]["name"] == "Rui Costa"
    script = Path(settings.BASE_DIR) / "verify.py"
    good = subprocess.run(
        [sys.executable, script, folder / "receipt.json", folder / delivery.data_name],
        capture_output=True,
        text=True,
    )
    assert good.returncode == 0, good.stdout
    (folder / delivery.data_name).write_text(text.replace("UA", "AA", 1))
    bad = subprocess.run(
        [sys.executable, script, folder / "receipt.json", folder / delivery.data_name],
        capture_output=True,
        text=True,
    )
    assert bad.returncode == 1
    assert "the data" in bad.stdout

    deliveries.download(delivery.pk, actor=cast.actor("piotr"))
    seal_all()
    assert verify().holds
    assert Event.objects.filter(machine="delivery", action="download").exists()
