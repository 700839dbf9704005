"""A run under way: a folder of its own, and in it what was done so far, to go on from."""

import contextlib
import hashlib
import json
import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import jax
import numpy as np
from jaxtyping import Array

from jaxmlp.cli import Stop
from jaxmlp.cli.console import warn
from jaxmlp.cli.folder import MODEL, UNFINISHED, made_folder, versions
from jaxmlp.cli.processes import check_same
from jaxmlp.cli.settings import (
    PROCESS_SETTINGS,
    SETTINGS_FILE,
    Settings,
    read_saved,
    signed_settings,
)
from jaxmlp.cli.task import Task
from jaxmlp.cli.workers import signals
from jaxmlp.data.rows import in_parts
from jaxmlp.storage import load_model
from jaxmlp.train.checkpoint import Checkpoint, checkpoints, load_checkpoint, save_checkpoint
from jaxmlp.train.fitted import Fit

SAVING_SHARE = 0.03  # of the time that saving may take
# by a run that was killed
LEFT = re.compile(rf"{re.escape(UNFINISHED)}\w+|\..+\.(json|safetensors)\.\d+")


@dataclass
class Run:
    """A run under way.

    Attributes:
        key: what the order of the samples is drawn with.
        every: seconds between two checkpoints, at least.
        so_far: what this process has done; None before its first epoch.
        training: whether epochs are under way, so that an interruption waits for the end of one.
    """

    folder: Path
    key: Array
    every: float
    so_far: Fit | None = None
    training: bool = False
    asked_to_stop: bool = False
    saved: float = field(default_factory=time.monotonic)
    cost: float = 0.0

    def keep(self, so_far: Fit) -> None:
        """Take note of an epoch that is done, and save it if the last one saved is old enough."""
        self.so_far = so_far
        if self.asked_to_stop:
            raise KeyboardInterrupt
        old_enough = time.monotonic() - self.saved >= max(self.every, self.cost / SAVING_SHARE)
        if old_enough and not jax.process_index():
            self.save()

    def save(self) -> None:
        """Write a checkpoint."""
        began = time.monotonic()
        save_checkpoint(self.folder, Checkpoint(self.so_far, self.key))
        self.saved = time.monotonic()
        self.cost = self.saved - began

    def end(self) -> None:
        """Keep the last state, to go on from; where there is a model of fewer epochs, it goes, so
        that one that is there always belongs to the history beside it."""
        if self.so_far:
            self.save()
        (self.folder / MODEL).unlink(missing_ok=True)

    def load(self, begun: Fit) -> Fit | None:
        """What an earlier process has saved, if it came to that."""
        checkpoint = load_checkpoint(self.folder, Checkpoint(begun, self.key), warn)
        return checkpoint and checkpoint.fit

    def stop(self, *_: Any) -> None:
        """At a signal: stop after this epoch, or at once where none is under way."""
        if not self.training or self.asked_to_stop:
            raise KeyboardInterrupt
        self.asked_to_stop = True
        if sys.stderr.isatty():  # os.write, as the signal may have come within a print
            os.write(2, b"\nstopping after this epoch (once more: at once)\n")


@contextlib.contextmanager
def under_way(settings: Settings, task: Task) -> Iterator[Run]:
    """A run in a folder of its own, whose end by a signal or a full disk is not the end of it.

    Raises:
        Stop: it was interrupted, or could not write, and can go on from what it has saved.
    """
    folder = resumed_folder if settings.resume else new_folder
    key = jax.random.fold_in(jax.random.key(settings.seed), 1)
    asked = about(settings, task)
    check_same(asked)
    if jax.process_index():  # the first one writes
        yield Run(Path(settings.resume or ""), key, settings.checkpoint_every)
        return
    with folder(settings, asked) as path:
        run = Run(path, key, settings.checkpoint_every)
        try:
            with signals(run.stop, "SIGINT", "SIGTERM"):
                yield run
        except (KeyboardInterrupt, OSError) as why:
            if isinstance(why, KeyboardInterrupt) and run.so_far:
                with contextlib.suppress(KeyboardInterrupt):
                    run.save()
            if not (settings.resume or checkpoints(path)):
                raise
            raise to_go_on("train", path, why) from None
        tidy(path)


def to_go_on(command: str, folder: Path, why: BaseException) -> Stop:
    """The end of a run that was interrupted or could not write, with the way to go on."""
    interrupted = isinstance(why, KeyboardInterrupt)
    how = f"to go on: jaxmlp {command} --resume {shlex.quote(str(folder))}"
    return Stop(f"{'interrupted' if interrupted else why}; {how}", 130 if interrupted else 2)


@contextlib.contextmanager
def new_folder(settings: Settings, asked: dict) -> Iterator[Path]:
    """A folder with the settings in it; removed if the run ends before it has kept anything."""
    with made_folder(settings.out, settings.data) as folder:
        mine = False
        try:
            with open(
                folder / SETTINGS_FILE, "x", encoding="utf-8", errors="backslashreplace"
            ) as file:
                mine = True
                lock(file, folder)
                file.write(signed_settings(asked))
                file.flush()
                os.fsync(file.fileno())
                yield folder
        except BaseException:
            kept = [path for path in folder.iterdir() if not LEFT.fullmatch(path.name)]
            if mine and [path.name for path in kept] == [SETTINGS_FILE]:
                (folder / SETTINGS_FILE).unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def resumed_folder(settings: Settings, asked: dict) -> Iterator[Path]:
    """The folder of a run to go on with, once it is nobody else's and the data are the same."""
    folder = Path(settings.resume)
    with open(folder / SETTINGS_FILE, "r+", encoding="utf-8") as file:
        lock(file, folder)
        saved = read_saved(folder)
        if saved["data_sha256"] != asked["data_sha256"]:
            raise ValueError(f"expected the data that {folder} began with, got others")
        for name in ("versions", "device"):
            if saved.get(name) != asked[name]:
                warn(f"{folder} began with {saved.get(name)}, and goes on with {asked[name]}: "
                     "the last bits may differ")  # fmt: skip
        tidy(folder)
        if saved["epochs"] != settings.epochs:
            file.seek(0)  # the file stays the one that is locked
            file.write(signed_settings({**saved, "epochs": settings.epochs}))
            file.truncate()
            file.flush()
        yield folder


def lock(file: IO, folder: Path) -> None:
    """Keep other processes from the run, as long as this one lives. (On Windows, nothing does.)"""
    try:
        import fcntl
    except ModuleNotFoundError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(f"expected a run that has stopped, got {folder}, under way") from None
    except OSError:  # a file system that knows no locks
        return


def finished(folder: Path, epochs: int = 0) -> bool:
    """Whether there is nothing to do up to so many epochs, not even figures to be drawn."""
    if any(folder.glob(f"{UNFINISHED}*")):
        return False
    try:
        load_model(folder / MODEL)
    except (OSError, ValueError):  # none, or one that was cut short
        return False
    try:
        return len(json.loads((folder / "history.json").read_bytes())["epochs"]) >= epochs
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return not epochs


def tidy(folder: Path) -> None:
    """Remove what a kill left half-written; of a finished run, all checkpoints but the last."""
    left = [path for path in folder.iterdir() if LEFT.fullmatch(path.name)]
    for path in left + (checkpoints(folder)[1:] if finished(folder) else []):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def about(settings: Settings, task: Task) -> dict:
    """What is asked for, and what the bits depend on besides."""
    asked = {
        name: value for name, value in asdict(settings).items() if name not in PROCESS_SETTINGS
    }
    asked |= {"data_sha256": data_sha256(task), "versions": versions()}
    return {**asked, "device": jax.devices()[0].device_kind}


def data_sha256(task: Task) -> str:
    """Of the samples and targets, as they were split."""
    digest = hashlib.sha256()
    for part in (task.train, task.test):
        for values in (part.X, part.y):
            digest.update(f"{values.dtype.str} {values.shape}".encode())
            for some in in_parts(values):
                digest.update(np.ascontiguousarray(some).data)
    return digest.hexdigest()
