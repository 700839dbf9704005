"""The study of killed runs sees what it is to see."""

import signal
import subprocess
import sys

import pytest

from experiments.kill_and_resume import PHASES, Ended, bits, phase_of, watched

WRITES = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
folder.mkdir()
(folder / "settings.json").touch()
for epoch in range(1, 4):
    (folder / f"checkpoint-{epoch}.safetensors").touch()
    time.sleep(0.2)
time.sleep(60 * (len(sys.argv) > 2))
"""


def test_other_bits_and_missing_or_left_files_are_seen(tmp_path):
    for name in ("one", "same", "altered", "missing", "left"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"bits")
        (tmp_path / name / "settings.json").write_text(name)
    (tmp_path / "altered/model.safetensors").write_bytes(b"bitt")
    (tmp_path / "missing/model.safetensors").unlink()
    (tmp_path / "left/checkpoint-1.safetensors").touch()
    one, *others = (bits(tmp_path / n) for n in ("one", "same", "altered", "missing", "left"))
    assert [one == other for other in others] == [True, False, False, False]


def test_when_the_kill_came(tmp_path):
    found = []
    for epochs, name in ((0, "settings.json"), (2, "checkpoint-1.safetensors"), (5, "history.json"),
                         (5, "model.safetensors")):  # fmt: skip
        (tmp_path / name).touch()
        found.append(phase_of(tmp_path, Ended(-9, 1.0, 0.0, 0.0, epochs, "", ""), epochs=5))
    assert tuple(found) == PHASES


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_process_is_killed_after_so_many_epochs_or_left_to_its_end(tmp_path):
    for name, more, kill in (("killed", ["lasts"], (2, 0.0)), ("left", [], None)):
        process = subprocess.Popen([sys.executable, "-c", WRITES, tmp_path / name, *more])
        seconds, first, last = watched([process], tmp_path / name, kill, 0)
        assert first <= last <= seconds
        assert process.wait() == (-signal.SIGKILL if kill else 0)
        assert (tmp_path / name / "checkpoint-2.safetensors").exists()
