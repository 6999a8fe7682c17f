"""`make run` on a machine that knows nothing of it, and a command in a second terminal beside it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

from tests import servers


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _bare(var: Path) -> dict[str, str]:
    """Nothing of the portal in the environment but the folder: no secret, no address, no broker."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
        "COMMONHOLD_VAR": str(var)
    }


def _ready(address: str, process: subprocess.Popen[bytes], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, f"it ended with {process.returncode}"
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.3)
    raise AssertionError(f"{address} did not answer in {seconds} s")


def _signs_up(address: str) -> None:
    """As a browser does it: the page, its token, the form."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = browser.open(f"{address}/accounts/signup/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    given = {"csrfmiddlewaretoken": token[1], "name": "Ann Lee", "email": "ann@there.example",
             "password1": "as long as it is 7", "password2": "as long as it is 7"}  # fmt: skip
    sent = urllib.request.Request(
        f"{address}/accounts/signup/", urlencode(given).encode(), {"Referer": address}
    )
    assert "Ann Lee" in browser.open(sent).read().decode(), "signed in, under the name that was given"


def _mailed(var: Path, to: str, seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for file in (var / "mail").glob("*") if (var / "mail").is_dir() else ():
            text = file.read_text()
            if to in text and "/accounts/confirm-email/" in text:
                return True
        time.sleep(0.3)
    return False


def test_it_starts_without_any_setting_and_a_second_terminal_is_the_same_portal(tmp_path: Path) -> None:
    var, port = tmp_path / "var", _free_port()
    address, root = f"http://127.0.0.1:{port}", Path(servers.__file__).resolve().parent.parent
    manage = [sys.executable, str(root / "manage.py")]
    with (tmp_path / "said").open("wb") as said:
        running = subprocess.Popen(
            [*manage, "runlocal"], cwd=root, env=_bare(var) | {"PORT": str(port)}, stdout=said, stderr=said
        )
    try:
        _ready(address, running)
        _signs_up(address)
        assert _mailed(var, "ann@there.example"), (
            "kept where the terminal says, with the link that confirms the address"
        )
        assert oct((var / "secret-key").stat().st_mode & 0o777) == "0o600"
        beside = subprocess.run(
            [*manage, "shell", "-v0", "-c",
             "from kernel.audit import keyring; from kernel.audit.seal import seal_all; from kernel.audit.record import note;"
             "from kernel.actor import system; from tests.cast import hashed; from trusts.organisations.models import User;"
             "from trusts.organisations import services; from trusts.organisations.selectors import actor_for;"
             "u = User.objects.get(email='ann@there.example');"
             "services.found(actor=actor_for(u, None), name='There'); print(seal_all())"],
            cwd=root, env=_bare(var), capture_output=True, text=True,
        )  # fmt: skip
        assert beside.returncode == 0, beside.stderr[-2000:]
        out = tmp_path / "evidence.zip"
        made = subprocess.run(
            [*manage, "evidence_bundle", "--from", "2020-01-01", "--to", "2100-01-01", "--out", str(out)],
            cwd=root, env=_bare(var), capture_output=True, text=True,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr[-2000:]
        subprocess.run(
            [sys.executable, "-m", "zipfile", "-e", str(out), str(tmp_path / "bundle")], check=True
        )
        checked = subprocess.run(
            [sys.executable, "-I", "verify.py"], cwd=tmp_path / "bundle", capture_output=True, text=True
        )
        assert checked.returncode == 0, checked.stdout
        with urllib.request.urlopen(f"{address}/api/v1/log/keys", timeout=5) as answer:
            keys = json.load(answer)
        # One portal: the same name of the log, and a key that both know.
        assert keys["origin"] == f"127.0.0.1:{port}/log"
        assert keys["keys"][0]["public_key"] in checked.stdout
        assert json.loads((tmp_path / "bundle" / "manifest.json").read_text())["origin"] == keys["origin"]
        assert f"mails are kept in {var / 'mail'}" in (tmp_path / "said").read_text()
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=30)
