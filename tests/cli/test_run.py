"""`jaxmlp train` stopped at bad moments, and gone on with."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxmlp.cli import folder, main
from jaxmlp.cli.folder import make_folder
from jaxmlp.cli.run import Run
from jaxmlp.cli.settings import saved_settings, signed_settings
from jaxmlp.train.checkpoint import checkpoints

ASKED = ["--data", "iris", "--units", "3", "--epochs", "5", "--optimizer", "adam", "--batch-size", "7",
         "--schedule", "cosine", "--checkpoint-every", "0"]  # fmt: skip
DIES = """
import os, signal
from jaxmlp.cli import main, run
saved, keep = run.save_checkpoint, run.Run.keep
def killed(*_): os.kill(os.getpid(), signal.SIGKILL)
def keep_and_die(self, so_far):
    keep(self, so_far)
    if len(so_far.history) == 3: killed()
{}
raise SystemExit(main())
"""
MOMENTS = {  # what is replaced, and what is there after the kill
    "run.Run.keep = killed": {"settings.json"},
    "run.SAVING_SHARE = 1e9; run.Run.keep = keep_and_die": {"settings.json", "checkpoint-2", "checkpoint-3"},
}  # fmt: skip


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """A function that runs `jaxmlp train …` in an empty folder: (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("jaxmlp.cli.run.SAVING_SHARE", 1e9)  # a checkpoint after each epoch

    def run(*args):
        code = main(["train", *args])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def at_epoch(monkeypatch):
    """A function that has something done after an epoch, once."""

    def at_epoch(epoch: int, do):
        keep = Run.keep

        def keep_and_do(self, so_far):
            keep(self, so_far)
            if len(so_far.history) == epoch:
                monkeypatch.setattr(Run, "keep", keep)
                do()

        monkeypatch.setattr(Run, "keep", keep_and_do)

    return at_epoch


@pytest.fixture
def killed(run, at_epoch):
    """A function that makes a run in `mine`, killed after two epochs."""

    def killed(*args):
        at_epoch(2, kill)
        with pytest.raises(Killed):
            run(*ASKED, *args, "--out", "mine")

    return killed


def kill():
    raise Killed


def contents(name: str) -> dict[str, bytes]:
    files = (p for p in Path(name).iterdir() if p.is_file() and p.name != "settings.json")
    return {p.name: p.read_bytes() for p in files}


def result(out: str) -> str:
    """What is printed after training."""
    return out.partition("trained in")[2].partition("\n")[2].partition("written to")[0]


def test_a_run_that_is_killed_while_it_draws_ends_as_if_it_had_not(run):
    _, whole, _ = run(*ASKED, "--out", "whole")
    dies = DIES.format("from jaxmlp.cli import folder; folder.plot.error_by_epoch = killed")
    command = [sys.executable, "-c", dies, "train", *ASKED, "--out", "mine"]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    assert "model.safetensors" in contents("mine")  # what was learned is there
    assert "error.png" not in contents("mine")
    code, out, err = run("--resume", "mine")
    assert (code, err) == (0, "")
    assert result(out) == result(whole)
    assert contents("mine") == contents("whole")
    assert "nothing is left to do" in run("--resume", "mine")[1]


def test_a_stopped_run_ends_as_if_it_had_not(run, at_epoch, killed):
    """Killed twice, interrupted once, and its newest checkpoint damaged: the same bits at the end."""
    _, whole, _ = run(*ASKED, "--out", "whole")
    assert result(whole)
    killed()
    at_epoch(3, kill)
    with pytest.raises(Killed):
        run("--resume", "mine")
    at_epoch(4, lambda: signal.raise_signal(signal.SIGTERM))
    code, out, err = run("--resume", "mine")
    assert code == 130
    assert err == "jaxmlp: interrupted; to go on: jaxmlp train --resume mine\n"
    assert "resumed    after 3 of 5 epochs" in out
    assert [path.name for path in checkpoints("mine")] == [
        "checkpoint-5.safetensors",
        "checkpoint-4.safetensors",
    ]
    newest = checkpoints("mine")[0]
    newest.write_bytes(newest.read_bytes()[:-9])
    code, out, err = run("--resume", "mine", "--checkpoint-every", "3")
    assert code == 0
    assert re.fullmatch(
        r"jaxmlp: warning: mine/checkpoint-5.*; going on from checkpoint-4.safetensors\n", err
    )
    assert [line.split()[0] for line in out.splitlines() if line.startswith("    ")][:1] == ["5"]
    assert result(out) == result(whole)
    assert contents("mine") == contents("whole")
    settings = [json.loads(Path(name, "settings.json").read_text()) for name in ("mine", "whole")]
    assert {**settings[0], "out": "whole"} | {"sha256": settings[1]["sha256"]} == settings[1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_is_no_end(moment, run):
    """A real one, before the first checkpoint and after it."""
    command = [
        sys.executable,
        "-c",
        DIES.format(moment),
        "train",
        *ASKED,
        "--dtype",
        "float64",
        "--out",
        "mine",
    ]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    assert {path.name.removesuffix(".safetensors") for path in Path("mine").iterdir()} == MOMENTS[
        moment
    ]
    code, out, err = run("--resume", "mine")
    assert (code, err) == (0, "")
    assert f"resumed    after {3 if len(MOMENTS[moment]) > 1 else 0} of 5 epochs" in out
    assert run(*ASKED, "--dtype", "float64", "--out", "whole")[0] == 0
    assert contents("mine") == contents("whole")


def test_killed_while_the_end_was_written(run, at_epoch, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(folder, "save_model", lambda *_: kill())
        patch.setattr(folder.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Killed):
            run(*ASKED, "--out", "mine")
    Path("mine/.history.json.123").write_bytes(b"half")
    assert any(path.name.startswith(".unfinished") for path in Path("mine").iterdir())
    assert run("--resume", "mine")[0] == 0
    assert run(*ASKED, "--out", "whole")[0] == 0
    assert contents("mine") == contents("whole")


@pytest.mark.costly
@pytest.mark.parametrize("schedule", ["constant", "epoch"])
def test_a_finished_run_goes_on_to_more_epochs(schedule, run, at_epoch):
    """Bit for bit as if so many had been asked for at once; killed on the way, too."""
    asked = [word if word != "cosine" else schedule for word in ASKED]
    longer = [word if word != "5" else "8" for word in asked]
    assert run(*asked, "--out", "mine")[0] == 0
    short = contents("mine")
    at_epoch(7, kill)
    with pytest.raises(Killed):
        run("--resume", "mine", "--epochs", "8")
    assert contents("mine")["model.safetensors"] == short["model.safetensors"]
    code, out, err = run("--resume", "mine")
    assert (code, err) == (0, "")
    assert "resumed    after 7 of 8 epochs" in out
    assert run(*longer, "--out", "whole")[0] == 0
    assert contents("mine") == contents("whole")
    assert json.loads(Path("mine/settings.json").read_text())["epochs"] == 8
    end = "mine has finished: nothing is left to do\n"
    assert run("--resume", "mine", "--epochs", "8")[1] == end


def test_a_finished_run_without_its_last_state_begins_anew(run):
    """To the same end."""
    asked = ["--data", "iris", "--units", "3", "--epochs"]
    for name, epochs in (("mine", "2"), ("whole", "3")):
        assert run(*asked, epochs, "--out", name)[0] == 0
    for path in checkpoints("mine"):
        path.unlink()
    assert run("--resume", "mine", "--epochs", "3")[0] == 0
    assert contents("mine") == contents("whole")


def test_killed_while_a_longer_run_was_written(run, monkeypatch):
    asked = ["--data", "iris", "--units", "3", "--epochs"]
    for name, epochs in (("mine", "2"), ("whole", "3")):
        assert run(*asked, epochs, "--out", name)[0] == 0
    with monkeypatch.context() as patch:
        patch.setattr(folder, "save_model", lambda *_: kill())
        with pytest.raises(Killed):
            run("--resume", "mine", "--epochs", "3")
    assert run("--resume", "mine")[0] == 0
    assert contents("mine") == contents("whole")


def test_a_finished_run_is_left_as_it_is(run):
    assert run(*ASKED, "--out", "mine")[0] == 0
    before = contents("mine")
    times = [path.stat().st_mtime_ns for path in Path("mine").iterdir()]
    Path("mine/checkpoint-4.safetensors").write_bytes(b"killed before it was removed")
    assert run("--resume", "mine") == (0, "mine has finished: nothing is left to do\n", "")
    assert contents("mine") == before
    assert times == [path.stat().st_mtime_ns for path in Path("mine").iterdir()]


def test_ctrl_c_waits_for_the_epoch_and_a_second_does_not(run, monkeypatch):
    """The second comes while what is done is saved, which may take long."""

    def interrupted(*_):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("jaxmlp.train.sgd.run_alone", interrupted_after(1))
    code, _, err = run(*ASKED, "--checkpoint-every", "60", "--out", "a b")
    assert (code, err) == (130, "jaxmlp: interrupted; to go on: jaxmlp train --resume 'a b'\n")
    assert [path.name for path in checkpoints("a b")] == ["checkpoint-2.safetensors"]
    monkeypatch.setattr("jaxmlp.cli.run.save_checkpoint", interrupted)
    code, _, err = run("--resume", "a b")
    assert code == 130
    assert "to go on" in err


def test_ctrl_c_is_not_heard_where_it_was_not_before(run, at_epoch):
    """As in the background of a shell script."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        at_epoch(2, lambda: signal.raise_signal(signal.SIGINT))
        assert run(*ASKED, "--out", "mine")[0] == 0
    finally:
        signal.signal(signal.SIGINT, before)


def interrupted_after(epochs: int):
    """The program of an epoch, during which Ctrl-C is pressed after so many epochs."""
    from jaxmlp.train import epoch

    seen = []

    def an_epoch(*args):
        seen.append(1)
        if len(seen) > epochs:
            signal.raise_signal(signal.SIGINT)
        return epoch.run_alone(*args)

    return an_epoch


def test_interrupted_before_there_is_anything_to_keep(run, monkeypatch):
    at_once = "jaxmlp.cli.train.check_gradients"
    monkeypatch.setattr(at_once, lambda *_: signal.raise_signal(signal.SIGTERM))
    assert run(*ASKED)[::2] == (130, "jaxmlp: interrupted; nothing was written\n")
    assert not list(Path().iterdir())
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            ["--epochs", "9"],
            "expected --epochs 5, as mine has it, got 9: with --schedule cosine the step",
        ),
        (["--epochs", "4"], "expected --epochs 5, as mine has it, got 4"),
        (["--eta", "0.5"], "expected --eta 0.05, as mine has it, got 0.5"),
        (["--out", "other"], "expected --out mine, as mine has it, got other"),
        (["--preset", "lecture"], "expected --preset default, as mine has it, got lecture"),
        (["--data", "wine"], "expected classes out of class_0"),
        (["--checkpoint-every", "-1"], "expected seconds for --checkpoint-every, got -1.0"),
    ],
)
def test_another_run_is_not_resumed(args, line, run, killed):
    killed()
    before = contents("mine")
    refused(run("--resume", "mine", *args), line)
    assert contents("mine") == before


def refused(outcome, line: str, code: int = 2):
    assert outcome[0] == code
    assert line in outcome[2]
    assert outcome[2].startswith("jaxmlp: ")
    assert outcome[2].count("\n") == 1


def test_what_is_no_run_is_not_resumed(run):
    Path("text").write_text("not a folder")
    Path("empty").mkdir()
    for name in ("nothing", "text", "empty"):
        refused(run("--resume", name), f"expected the folder of a run for --resume, got {name}")


def test_damaged_settings_are_one_line(run, killed, rng):
    killed()
    path = Path("mine/settings.json")
    whole = json.loads(path.read_text())
    del whole["sha256"]
    texts = ["", "[]", "{}", "[" * 100_000, *(
        signed_settings({**whole, name: value})
        for name, value in [("units", "3"), ("units", True), ("optimizer", "sgdd"), ("eta", [1]),
                            ("classes", 5), ("classes", [1]), ("bias", 0), ("data", None), ("epochs", -3),
                            ("data_sha256", "0"), ("checkpoint_every", "often")]
    )]  # fmt: skip
    for text in texts:
        path.write_text(text)
        code, _, err = run("--resume", "mine")
        assert (code, err.count("\n")) == (2, 1)
    path.write_bytes(bytes(rng.integers(256, size=300, dtype=np.uint8)))
    refused(run("--resume", "mine"), "settings.json: expected the settings of a run (")


def test_two_damaged_checkpoints_are_one_line(run, killed):
    killed()
    for path in checkpoints("mine"):
        path.write_bytes(path.read_bytes()[:100])
    refused(run("--resume", "mine"), "Without these files it begins anew")
    for path in checkpoints("mine"):
        path.unlink()
    assert run("--resume", "mine")[0] == 0


def test_data_that_moved_are_found_and_data_that_changed_are_refused(run, killed, rng):
    rows = "\n".join(f"{a},{b},{int(a > b)}" for a, b in rng.normal(size=(40, 2)))
    Path("here.csv").write_text(rows)
    killed("--data", "here.csv")
    Path("here.csv").rename("there.csv")
    refused(run("--resume", "mine"), "here.csv")
    Path("here.csv").write_text(rows.replace(rows[:6], "0.1234", 1))
    refused(run("--resume", "mine"), "expected the data that mine began with, got others")
    assert run("--resume", "mine", "--data", "there.csv")[::2] == (0, "")


def test_other_versions_are_said(run, killed):
    killed()
    path = Path("mine/settings.json")
    saved = json.loads(path.read_text())
    del saved["sha256"]
    path.write_text(signed_settings({**saved, "device": "an abacus"}))
    code, _, err = run("--resume", "mine")
    assert code == 0
    assert err == (
        "jaxmlp: warning: mine began with an abacus, and goes on with "
        f"{jax.devices()[0].device_kind}: the last bits may differ\n"
    )


@pytest.mark.slow
def test_only_one_process_goes_on(run, at_epoch, monkeypatch):
    pytest.importorskip("fcntl")
    found = []

    def another():
        found.append(subprocess.run([sys.executable, "-c", "from jaxmlp.cli import main; raise SystemExit(main())",
                                     "train", "--resume", "mine"], capture_output=True, text=True))  # fmt: skip

    at_epoch(2, another)
    assert run(*ASKED, "--out", "mine")[0] == 0
    (other,) = found
    refused(
        (other.returncode, other.stdout, other.stderr),
        "expected a run that has stopped, got mine, under way",
    )


def test_a_full_disk_is_one_line_and_the_last_checkpoint_is_kept(run, at_epoch, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    at_epoch(2, lambda: monkeypatch.setattr(os, "fsync", full))
    refused(
        run(*ASKED, "--out", "mine"),
        "No space left on device: 'mine/checkpoint-3.safetensors'; "
        "to go on: jaxmlp train --resume mine",
    )
    assert sorted(contents("mine")) == ["checkpoint-1.safetensors", "checkpoint-2.safetensors"]
    refused(run(*ASKED, "--out", "other"), "No space left on device")
    assert not Path("other").exists()
    monkeypatch.undo()


def test_a_folder_that_vanishes_is_one_line(run, at_epoch, tmp_path):
    at_epoch(2, lambda: shutil.rmtree(tmp_path / "mine"))
    refused(run(*ASKED, "--out", "mine"), "No such file")
    assert not Path("mine").exists()


def test_many_runs_of_one_second_get_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "strftime", lambda _: "20261123-101500")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make_folder(None, "iris")[1], range(16)))
    assert len(set(made)) == 16
    assert all(path.is_dir() for path in made)


def test_a_folder_that_another_run_takes_meanwhile_is_left_to_it(run, monkeypatch):
    Path("mine").mkdir()
    Path("mine/settings.json").write_text("another's")
    monkeypatch.setattr("jaxmlp.cli.folder.make_folder", lambda *_: ([], Path("mine")))
    refused(run(*ASKED, "--out", "mine"), "File exists: 'mine/settings.json'")
    assert Path("mine/settings.json").read_text() == "another's"


def test_settings_are_read_back_as_they_were(run, killed):
    killed("--classes", "setosa", "virginica", "--no-bias")
    saved = saved_settings(Path("mine"))
    assert saved.classes == ("setosa", "virginica")
    assert (saved.bias, saved.eta, saved.loss) == (False, 0.05, "cross_entropy")
