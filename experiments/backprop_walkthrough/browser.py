"""Chromium without a window, where there is one: what becomes of the page, and a picture of it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)


def there() -> bool:
    return shutil.which("chromium") is not None


def run(page: Path, *arguments: str, fragment: str = "", seconds: float = 120) -> str:
    """What Chromium prints with the page open, in a profile of its own.

    Args:
        arguments: such as "--dump-dom".
        fragment: what follows # in the address.
    """
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = ["chromium", *FLAGS, *root, f"--user-data-dir={profile}", *arguments]
        address = page.resolve().as_uri() + (f"#{fragment}" if fragment else "")
        done = subprocess.run([*command, address], check=True, capture_output=True, timeout=seconds)
    return done.stdout.decode("utf-8")
