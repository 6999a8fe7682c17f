#!/usr/bin/env python
"""Commonhold's command line."""

import os
import secrets
import sys

# Commands that sign and seal nothing, so that they need no key of an installation.
KEYLESS = {"makemigrations"}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if sys.argv[1:2] and sys.argv[1] in KEYLESS and not os.environ.get("SECRET_KEY_FILE"):
        os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
