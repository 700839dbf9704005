"""Does a run that was killed end as if it had never been? SIGKILL at random moments, then --resume.

    python -m experiments.kill_and_resume [--quick] [--sweep] [--processes N] [--moments M]
        [--data NAME] [--epochs E]

A run of `jaxmlp train` is made once without a stop. Then, for each moment, the same run is started,
killed by SIGKILL, and gone on with by `jaxmlp train --resume`. Nine moments of ten are drawn evenly
over the epochs (and then over the time between two checkpoints), the tenth over the time from the
appearance of the run's folder to its end. The files are to have the bits of those of the run that
was never stopped (all but settings.json, which has the folder's name), and its last lines are to be
the same. Of several processes, which train as one, any is killed. With --sweep it is `jaxmlp sweep`
of 64 networks over the processes, killed at any time and gone on with by one process: its table,
sweep.csv, is to have the same bits. The moments and what was found go to kill_and_resume.json.
"""

import functools
import hashlib
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

from experiments import running

COMMAND = (sys.executable, "-uc", "from jaxmlp.cli import main; raise SystemExit(main())")
RUN = ("--optimizer", "adam", "--eta", "0.001", "--batch-size", "8", "--checkpoint-every", "0.1")
SWEEP = ("--units", "20", "--eta", "0.003", "0.01", "0.03", "0.1", "--seeds", "16", "--epochs", "5")
BETWEEN = 0.2  # seconds between two checkpoints, about
PHASES = ("before the first checkpoint", "between checkpoints", "after the last epoch", "finished")


class Ended(NamedTuple):
    """How a process ended.

    Attributes:
        seconds: from the appearance of the run's folder.
        first, last: when its first and its last checkpoint were seen.
        result: the lines printed after training.
    """

    code: int
    seconds: float
    first: float
    last: float
    epochs: int
    result: str
    errors: str


def main() -> None:
    question = running.question_of(__doc__)
    parser = running.parser(question, "four moments of a short run")
    parser.add_argument("--processes", type=int, default=1, help="that train as one")
    parser.add_argument("--moments", type=int, default=50, help="of the kills")
    parser.add_argument("--data", default="digits", help="small, where processes share a batch")
    parser.add_argument("--epochs", type=int, default=800, help="of a run")
    parser.add_argument("--sweep", action="store_true", help="a sweep, resumed by one process")
    options = running.parsed(parser, None)
    moments, epochs = (4, 300) if options.quick else (options.moments, options.epochs)
    with TemporaryDirectory() as place:
        if options.sweep:
            found = sweeps(Path(place), moments, options.processes)
        else:
            run = ("--data", options.data, *RUN, "--epochs", str(epochs))
            found = trials(Path(place), moments, run, options.processes)
    said = {"question": question, "answer": answer(found)}
    Console().print(said["answer"])
    running.write(options, "kill_and_resume", said | found)


def trials(place: Path, moments: int, args: tuple[str, ...], processes: int = 1) -> dict:
    """What became of a run killed at so many moments; its last argument is the number of epochs."""
    train, epochs = functools.partial(_run, "train", processes), int(args[-1])
    train(place / "warm", *args)  # compiled programs are kept: the others start alike
    whole = train(place / "whole", *args)
    draw = random.Random(0)
    found = []
    for number in track(range(moments), "killing and resuming"):
        folder, anywhere = place / f"run-{number}", number % 10 == 9
        done = 0 if anywhere else draw.randrange(1, epochs)
        delay = draw.uniform(0, whole.seconds if anywhere else BETWEEN)
        victim = draw.randrange(processes)
        killed = train(folder, *args, kill=(done, delay), victim=victim)
        phase = phase_of(folder, killed, epochs)
        begun = (folder / "settings.json").exists()  # else it was ended before it kept anything
        ended = train(folder, *(("--resume", str(folder)) if begun else args))
        same = not ended.errors and bits(folder) == bits(place / "whole")
        same &= ended.result == (whole.result if phase != "finished" else "")
        found.append({"seconds": killed.seconds, "epochs": killed.epochs, "phase": phase,
                      "victim": victim, "code": ended.code, "errors": ended.errors,
                      "same": same})  # fmt: skip
    twice = bits(place / "warm") == bits(place / "whole")
    return _about(args, whole, found) | {"the same bits when run twice": twice}


def sweeps(place: Path, moments: int, processes: int) -> dict:
    """What became of a sweep killed at so many moments, and gone on with by one process."""
    run = functools.partial(_run, "sweep", processes)
    run(place / "warm", *SWEEP)
    whole = run(place / "whole", *SWEEP)
    draw, found = random.Random(0), []
    for number in track(range(moments), "killing and resuming"):
        folder, victim = place / f"run-{number}", draw.randrange(processes)
        kill = 0, draw.uniform(0, whole.seconds)
        killed = run(folder, *SWEEP, kill=kill, victim=victim)
        groups = len(list(folder.glob("networks-*.json")))
        begun = (folder / "settings.json").exists()
        finished = (folder / "sweep.json").exists()
        ended = _run("sweep", 1, folder, *(("--resume", str(folder)) if begun else SWEEP))
        same = not ended.errors and bits(folder)["sweep.csv"] == bits(place / "whole")["sweep.csv"]
        phase = PHASES[-1] if finished else PHASES[1] if groups else PHASES[0]
        found.append({"seconds": killed.seconds, "groups": groups, "phase": phase,
                      "victim": victim, "code": ended.code, "errors": ended.errors,
                      "same": same})  # fmt: skip
    return _about(SWEEP, whole, found)


def _about(args: tuple[str, ...], whole: Ended, found: list[dict]) -> dict:
    uncut = {"seconds": whole.seconds, "first": whole.first, "last": whole.last}
    return {"arguments": args, "never stopped": uncut, "moments": found,
            "versions": running.versions("safetensors")}  # fmt: skip


def _run(
    command: str, processes: int, folder: Path, *args: str,
    kill: tuple[int, float] | None = None, victim: int = 0,
) -> Ended:  # fmt: skip
    """Run a command to its end, or until some seconds after a checkpoint of so many epochs."""
    out = () if "--resume" in args else ("--out", str(folder))
    with (
        open(folder.with_suffix(".out"), "w+", encoding="utf-8") as said,
        open(folder.with_suffix(".err"), "w+", encoding="utf-8") as bad,
    ):
        whole = [*COMMAND, command, *args, *out]
        several = [subprocess.Popen(whole + one, stdout=said, stderr=bad)
                   for one in together(processes)]  # fmt: skip
        times = watched(several, folder, kill, victim)
        text, errors = (file.seek(0) or file.read() for file in (said, bad))
    _, _, result = re.sub("written to .*", "", text).partition("trained in ")
    epochs = re.findall(r"^ +\d+ +[\d.e-]+ +[\d.e-]+ +[\d.e-]+$", text, re.MULTILINE)
    code = several[0].wait()
    return Ended(code, *times, len(epochs), result.partition("\n")[2], errors)


def together(processes: int) -> list[list[str]]:
    """What each process is told, so that they train as one."""
    if processes == 1:
        return [[]]
    with socket.socket() as free:
        free.bind(("localhost", 0))
        place = f"localhost:{free.getsockname()[1]}"
    told = ["--coordinator", place, "--processes", str(processes), "--process"]
    return [[*told, str(k)] for k in range(processes)]


def watched(several, folder: Path, kill, victim: int) -> tuple[float, float, float]:
    """Wait for their end, or bring it about: (its time, that of the first and last checkpoint)."""
    began, since, times, newest = None, None, [], 0
    while any(process.poll() is None for process in several):
        now = time.monotonic()
        if began is None and (folder / "settings.json").exists():
            began = now
        seen = max((int(path.stem[11:]) for path in folder.glob("checkpoint-*")), default=0)
        if began and seen > newest:
            newest = seen
            times.append(now - began)
        if kill and began and since is None and newest >= kill[0]:
            since = now
        if since is not None and now - since >= kill[1]:
            several[victim].send_signal(signal.SIGKILL)
            several[victim].wait()
        time.sleep(0.001)
    return time.monotonic() - (began or now), *((times[0], times[-1]) if times else (0.0, 0.0))


def phase_of(folder: Path, killed: Ended, epochs: int) -> str:
    """When the kill came."""
    before, between, after, finished = PHASES
    if (folder / "model.safetensors").exists() and not list(folder.glob(".unfinished-*")):
        return finished
    if not list(folder.glob("checkpoint-*")):
        return before
    return between if killed.epochs < epochs else after


def bits(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of a run, but for its settings."""
    files = [path for path in folder.iterdir() if path.name != "settings.json"]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def answer(found: dict) -> str:
    moments = found["moments"]
    counts = Counter(one["phase"] for one in moments)
    phases = ", ".join(f"{counts[phase]} {phase}" for phase in PHASES if counts[phase])
    same = sum(one["same"] for one in moments)
    return (
        f"Of {len(moments)} runs that were killed ({phases}), {same} ended with the bits of the "
        "run that was never stopped."
    )


if __name__ == "__main__":
    main()
