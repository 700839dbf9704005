"""Several processes that train as one, as a user starts them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from jaxmlp.cli.folder import MODEL
from jaxmlp.cli.processes import COMMAND_CODE
from jaxmlp.cli.settings import signed_settings
from jaxmlp.storage import load_model

from .conftest import refused

pytestmark = pytest.mark.slow  # all of it takes minutes

AGAIN = "import sys; from jaxmlp.cli import main; sys.exit(main())"
BATCHES = ["--data", "iris", "--batch-size", "8", "--units", "3", "--dtype", "float64"]
BATCHES += ["--eta", "0.01"]


def begin(folder, *words: str, devices: int = 1) -> subprocess.Popen:
    """A program in a process of so many devices."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAXMLP_CACHE": "off"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(words, env=environment, cwd=folder, **pipes)


def told(*args: str, command: str = "train") -> list[str]:
    """The words that begin the command."""
    return [sys.executable, "-c", AGAIN, command, *args]


def two_told(*args: str, command: str = "train") -> list[list[str]]:
    """The same for two processes that train as one."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    others = ["--coordinator", f"localhost:{port}", "--processes", "2", "--process"]
    return [told(*args, *others, str(k), command=command) for k in range(2)]


def pair(folder, *args, devices: int = 1, **how) -> list[subprocess.Popen]:
    """Two processes that train as one."""
    return [begin(folder, *words, devices=devices) for words in two_told(*args, **how)]


def ended(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def errors(folder) -> list:
    return json.loads((folder / "history.json").read_bytes())["epochs"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The folder of three epochs on one device."""
    folder = tmp_path_factory.mktemp("alone")
    code, _, err = ended(begin(folder, *told(*BATCHES, "--epochs", "3", "--out", "run")))
    assert (code, err) == (0, "")
    return folder / "run"


def assert_same(folder, other) -> None:
    mine, theirs = (load_model(one / MODEL).params for one in (folder, other))
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * np.abs(b).max())


def test_two_processes_train_the_network_of_one(tmp_path, alone):
    (code, out, err), second = map(
        ended, pair(tmp_path, *BATCHES, "--epochs", "3", "--out", "run", devices=2)
    )
    assert (code, err) == (0, "")
    assert "devices    4 of 2 processes, which share each batch" in out
    assert second == (0, "", "")  # the first prints
    assert_same(tmp_path / "run", alone)


@pytest.mark.skipif("MPITRAMPOLINE_LIB" not in os.environ, reason="needs MPI, as in docs/scale.md")
def test_over_mpi_two_processes_train_the_network_of_one(tmp_path, alone, monkeypatch):
    monkeypatch.setenv("JAX_CPU_COLLECTIVES_IMPLEMENTATION", "mpi")
    options = [*BATCHES, "--epochs", "3", "--out", "run"]
    one, other = two_told(*options)
    both = ["mpiexec", "-n", "1", *one, ":", "-n", "1", *other]
    code, out, err = ended(begin(tmp_path, *both))
    assert (code, err) == (0, "")
    assert "devices    2 of 2 processes, which share each batch" in out
    assert_same(tmp_path / "run", alone)


@pytest.mark.slow
def test_the_death_of_one_ends_the_other_and_one_process_goes_on(tmp_path, alone):
    first, second = pair(
        tmp_path,
        *BATCHES,
        "--epochs",
        "100000",
        "--checkpoint-every",
        "0",
        "--out",
        "run",
        devices=2,
    )
    deadline = time.monotonic() + 200
    while not [*(tmp_path / "run").glob("checkpoint-*")]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    second.send_signal(signal.SIGKILL)
    began = time.monotonic()
    code, _, err = ended(first)
    assert time.monotonic() - began < 60
    assert code == 2
    assert err.startswith("jaxmlp: another process has ended")
    assert err.count("\n") == 1
    ended(second)
    saved = json.loads((tmp_path / "run/settings.json").read_bytes())
    done = max(int(p.stem.split("-")[1]) for p in (tmp_path / "run").glob("checkpoint-*"))
    saved.pop("sha256")
    (tmp_path / "run/settings.json").write_text(signed_settings({**saved, "epochs": done + 2}))
    code, out, err = ended(begin(tmp_path, *told("--resume", "run")))
    assert (code, err) == (0, "")
    assert f"resumed    after {done} of {done + 2} epochs" in out
    assert len(errors(tmp_path / "run")) == done + 2


def test_a_process_in_which_something_unforeseen_happens_fails(tmp_path):
    raising = "import jaxmlp.cli as c\ndef main(): raise SystemError('unforeseen')\nc.main = main\n"
    ended_with, _, err = ended(begin(tmp_path, sys.executable, "-c", raising + COMMAND_CODE))
    assert ended_with == 1
    assert "unforeseen" in err


@pytest.mark.slow
def test_two_processes_share_a_sweep_and_one_goes_on(tmp_path):
    args = ["--data", "iris", "--epochs", "2", "--seeds", "2", "--eta", "0.01", "0.1"]
    args += ["--units", "2", "3", "4", "5"]
    processes = pair(tmp_path, *args, "--out", "pair", command="sweep")
    while not [*(tmp_path / "pair").glob("networks-*")]:
        assert processes[0].poll() is None
        time.sleep(0.05)
    processes[0].send_signal(signal.SIGKILL)
    assert {ended(one)[0] for one in processes} == {-signal.SIGKILL, 2}
    for name in (["--resume", "pair"], [*args, "--out", "alone"]):
        code, _, err = ended(begin(tmp_path, *told(*name, command="sweep")))
        assert (code, err) == (0, "")
    tables = [(tmp_path / name / "sweep.csv").read_bytes() for name in ("pair", "alone")]
    assert tables[0] == tables[1]


def test_options_that_lack_are_named(command):
    refused(command("train", "--process", "1"), "expected --coordinator HOST:PORT --processes N")
    refused(command("train", "--distributed"), "expected Slurm, Open MPI or Kubernetes")


def test_one_sample_at_a_time_stays_on_one_device(tmp_path):
    args = ["--data", "iris", "--epochs", "1", "--units", "3", "--out", "run"]
    code, out, _ = ended(begin(tmp_path, *told(*args), devices=4))
    assert code == 0
    assert "devices    one of 4, as each step begins with the W and V of the one before" in out


def test_more_devices_than_there_are(command):
    outcome = command("train", "--data", "iris", "--devices", "3")
    refused(outcome, "expected --devices from 1 to 1, got 3")
