#!/usr/bin/env python
"""Commonhold's command line."""

import os
import secrets
import sys
from pathlib import Path

from portal.env import own_secret

# Commands that sign and seal nothing, so that they need no key of an installation.
KEYLESS = {"makemigrations"}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if sys.argv[1:2] and sys.argv[1] in KEYLESS and not os.environ.get("SECRET_KEY_FILE"):
        os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    if sys.argv[1:2] == ["runlocal"] and not (
        os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE")
    ):
        # Its own, made with the first start: settings cannot be read without one.
        own_secret(Path(os.environ.get("COMMONHOLD_VAR") or Path(__file__).resolve().parent / "var"))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
