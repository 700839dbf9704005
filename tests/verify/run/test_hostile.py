"""Submissions that mean harm: no other verdict changes, and nothing is left of them."""

import contextlib
import os
import pwd
import socket
import sys
import tempfile
import time
from pathlib import Path

import pytest

from jaxmlp.verify.grading import Options
from jaxmlp.verify.homework import verify_file
from jaxmlp.verify.run import runner
from jaxmlp.verify.run.box import Held
from tests.verify.run.hostile import EVIL

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is held is held by Linux")

QUICK = Options(limit=0.2, budget=3.0)
RIGHT = "import numpy as np\ndef sigmoid(x):\n    return 1 / (1 + np.exp(-x))\n"
WRONG = "import numpy as np\ndef sigmoid(x):\n    return 1 / (1 + np.exp(x))\n"
MODES = {
    "whole": Held(),
    "without namespaces": Held(disk=False),
    "limits alone": Held(False, False, False),
}


@pytest.fixture(params=MODES)
def held(request):
    """What is held, with the whole sandbox and with parts of it."""
    wanted, here = MODES[request.param], runner.held()
    if any(want and not has for want, has in zip(wanted, here, strict=True)):
        pytest.skip("this machine cannot hold it")
    return wanted


@pytest.fixture
def listener():
    """A server on this machine, and how many have come to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def came(server) -> int:
    number = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            number += 1
    return number


def left_running(folder: Path) -> list[str]:
    """The processes that work below a folder, and those that submissions start with no folder."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            said = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            if b"600.25" in said[0] or os.fsencode(folder) in said[1]:
                found.append(f"{process.name}: {said[0]!r}")
    return found


def litter(folder: Path) -> list[str]:
    homes = [Path.home(), Path(pwd.getpwuid(os.getuid()).pw_dir), Path("/tmp"), folder]
    return [str(home / name) for home in homes for name in ("litter", "litter.jaxmlp")
            if (home / name).exists()]  # fmt: skip


def verdicts(path, options):
    return [check.verdict for check in verify_file(path, options).checks]


def did_run(file) -> bool:
    """Whether the submission came as far as it wanted to: no test is passed by a typing error."""
    said = " ".join(note.text.en for check in file.checks for note in check.remarks)
    errors = ("NameError", "ImportError", "ModuleNotFoundError", "SyntaxError", "SystemError")
    return bool(file.checks) and not any(error in said for error in errors)


def submissions(held):
    return [name for name, one in EVIL.items() if all(getattr(held, h) for h in one.held)]


@pytest.mark.slow
def test_no_submission_changes_another_verdict_or_leaves_anything(
    held, listener, tmp_path, monkeypatch
):
    folder, temporary = tmp_path.resolve() / "class", tmp_path.resolve() / "temporary"
    folder.mkdir()
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    right, wrong = folder / "zz_right.py", folder / "zz_wrong.py"
    right.write_text(RIGHT)
    wrong.write_text(WRONG)
    for name in submissions(held):
        path = folder / f"{name}.py"
        text = EVIL[name].text.replace("FOLDER", str(folder))
        path.write_text(text.replace("PORT", str(listener.getsockname()[1])))
        began = time.monotonic()
        found = verify_file(path, QUICK._replace(held=held))
        assert time.monotonic() - began < QUICK.budget + 20, name
        assert did_run(found), (name, found)
        assert left_running(temporary) == [], name
        innocent = Options(held=held)
        assert (verdicts(right, innocent), verdicts(wrong, innocent)) == (["right"], ["wrong"]), (
            name
        )
        path.unlink()
        assert sorted(folder.iterdir()) == [right, wrong], name
        assert [*litter(folder), *temporary.iterdir()] == [], name
    assert came(listener) == 0


def test_where_it_is_not_held_the_harm_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("beside", "daemon"):
        path = tmp_path / f"{name}.py"
        path.write_text(EVIL[name].text.replace("FOLDER", str(tmp_path)))
        verify_file(path, QUICK._replace(held=MODES["limits alone"]))
    assert litter(tmp_path) == [str(tmp_path / "litter")]
    left = left_running(tmp_path)
    assert left
    for one in left:
        os.kill(int(one.split(":")[0]), 9)
