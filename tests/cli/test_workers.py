"""Work shared out to processes: in order, and nothing is left of what does not end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jaxmlp.cli import workers
from jaxmlp.cli.workers import mapped


def shout(word, seconds=0.0):
    time.sleep(seconds)
    if word == "dies":
        os._exit(3)
    if word == "raises":
        raise ValueError("no")
    return word.upper()


def failed(item, why):
    return f"{item['word']}: {why}"


def test_results_come_in_order_and_what_fails_spoils_no_other(monkeypatch):
    monkeypatch.setattr(workers, "GRACE", 2.0)
    items = [
        {"word": "slow", "seconds": 0.3},
        {"word": "dies"},
        {"word": "raises"},
        {"word": "late", "seconds": 60.0},
        {"word": "fast"},
    ]
    found = list(mapped(shout, items, failed, workers=2, seconds=0.5))
    assert found == [
        "SLOW",
        "dies: its process ended",
        "raises: ValueError: no",
        "late: it took too long",
        "FAST",
    ]


def test_nothing_is_left_when_the_rest_is_not_wanted():
    running = mapped(shout, [{"word": "a"}, {"word": "b", "seconds": 60.0}], failed,
                     workers=2, seconds=60.0)  # fmt: skip
    assert next(running) == "A"
    began = time.monotonic()
    running.close()
    assert time.monotonic() - began < 10


LOOPS = "def softmax(x):\n    while True: pass\n"


def working_in(folder: Path) -> list[int]:
    """The processes that have this folder for what is temporary."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if os.fsencode(folder) in (process / "environ").read_bytes():
                found.append(int(process.name))
        except (OSError, ValueError):
            continue
    return found


@pytest.mark.costly
@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGKILL"])
def test_nothing_outlives_the_command(name, tmp_path):
    (tmp_path / "loops.py").write_text(LOOPS)
    (tmp_path / "temporary").mkdir()
    heard = "".join(
        f"signal.signal(signal.{one}, signal.SIG_DFL); " for one in ("SIGHUP", "SIGTERM")
    )
    main = "from jaxmlp.cli import main; sys.exit(main(sys.argv[1:]))"
    command = f"import signal, sys; {heard}{main}"  # whatever is ignored where the tests run
    started = subprocess.Popen(
        [sys.executable, "-c", command, "verify", str(tmp_path / "loops.py"), "--timeout", "50"],
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        end, since = time.monotonic() + 60, time.monotonic()
        while time.monotonic() < min(end, since + 1):  # a second long, for some come and go
            time.sleep(0.05)  # until there are the command, a worker, and the submission's own
            since = since if len(working_in(tmp_path)) >= 4 else time.monotonic()
        assert len(working_in(tmp_path)) >= 4
        started.send_signal(getattr(signal, name))
        said = started.communicate(timeout=30)[1].decode()
    finally:
        started.kill()
        started.communicate()
    end = time.monotonic() + 10
    while working_in(tmp_path) and time.monotonic() < end:
        time.sleep(0.05)
    assert working_in(tmp_path) == []
    if name != "SIGKILL":
        assert started.returncode == 130
        assert said == "jaxmlp: interrupted; nothing was written\n"
        assert list((tmp_path / "temporary").iterdir()) == []
