"""Make `.venv`, or say in one sentence what is missing. Needs nothing but Python itself."""

import shutil
import subprocess
import sys
from pathlib import Path


def main() -> str:
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python must be told so, in a sentence
        return f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}; name another with PYTHON=python3.11 make demo."
    if shutil.disk_usage(".").free < 3 * 1024**3:
        return "Less than 3 GB of disk are free here; the packages and the demo need that much."
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return "Python's venv module is missing; install it (on Debian: apt install python3-venv)."
    done = subprocess.run([sys.executable, "-m", "venv", ".venv"], capture_output=True, text=True)
    if done.returncode:
        return f"The virtual environment could not be made: {(done.stderr or done.stdout).strip().splitlines()[-1]}"
    Path(".venv/python").touch()
    return ""


if __name__ == "__main__":
    problem = main()
    if problem:
        sys.exit(problem)
