"""Does a run that was killed end as if it had never been? SIGKILL at random moments, then --resume.

    python experiments/kill_and_resume.py [--quick] [--out DIR]

A run of `jaxmlp train` is made once without a stop. Then, for each moment, drawn evenly between the
appearance of the run's folder and the time that the first run took, the same run is started, killed
by SIGKILL, and gone on with by `jaxmlp train --resume`. Its files are to have the bits of those of
the run that was never stopped (all but settings.json, which has the folder's name), and its last
lines are to be the same. The moments and what was found go to kill_and_resume.json.
"""

import argparse
import hashlib
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

COMMAND = (sys.executable, "-uc", "from jaxmlp.cli import main; raise SystemExit(main())", "train")
RUN = ("--optimizer", "adam", "--eta", "0.001", "--batch-size", "8", "--checkpoint-every", "0.1")
PHASES = ("before the first checkpoint", "between checkpoints", "after the last epoch", "finished")


class Ended(NamedTuple):
    """How a process ended.

    Attributes:
        seconds: from the appearance of the run's folder.
        result: the lines printed after training.
    """

    code: int
    seconds: float
    epochs: int
    result: str
    errors: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="four moments of a short run")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    moments, epochs = (4, 300) if options.quick else (50, 2500)
    with TemporaryDirectory() as place:
        found = trials(Path(place), moments, epochs)
    report(Console(), found)
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1)
    (options.out / "kill_and_resume.json").write_text(text, encoding="utf-8")


def trials(place: Path, moments: int, epochs: int) -> dict:
    """What became of a run killed at so many moments."""
    args = (*RUN, "--epochs", str(epochs))
    train(place / "warm", *args)  # compiled programs are kept: the others start alike
    whole = train(place / "whole", *args)
    draw = random.Random(0)
    found = []
    for number in track(range(moments), "killing and resuming"):
        folder, moment = place / f"run-{number}", draw.uniform(0, whole.seconds)
        killed = train(folder, *args, kill_after=moment)
        phase = phase_of(folder, killed, epochs)
        ended = train(folder, "--resume", str(folder))
        same = not ended.errors and bits(folder) == bits(place / "whole")
        same &= ended.result == (whole.result if phase != "finished" else "")
        found.append({"seconds": moment, "epochs": killed.epochs, "phase": phase,
                      "code": ended.code, "errors": ended.errors, "same": same})  # fmt: skip
    names = ("jaxmlp", "jax", "jaxlib", "optax", "safetensors")
    return {"arguments": args, "seconds": whole.seconds, "moments": found,
            "versions": {name: version(name) for name in names}}  # fmt: skip


def train(folder: Path, *args: str, kill_after: float | None = None) -> Ended:
    """Run `jaxmlp train`, to its end or for so long after its folder is there."""
    out = () if "--resume" in args else ("--out", str(folder))
    with (
        open(folder.with_suffix(".out"), "w+") as said,
        open(folder.with_suffix(".err"), "w+") as bad,
    ):
        process = subprocess.Popen([*COMMAND, *args, *out], stdout=said, stderr=bad)
        while not (folder / "settings.json").exists() and process.poll() is None:
            time.sleep(0.001)
        began = time.monotonic()
        try:
            code = process.wait(kill_after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            code = process.wait()
        seconds = time.monotonic() - began
        text, errors = (file.seek(0) or file.read() for file in (said, bad))
    _, _, result = re.sub("written to .*", "", text).partition("trained in ")
    epochs = re.findall(r"^ +\d+ +[\d.e-]+ +[\d.e-]+ +[\d.e-]+$", text, re.MULTILINE)
    return Ended(code, seconds, len(epochs), result.partition("\n")[2], errors)


def phase_of(folder: Path, killed: Ended, epochs: int) -> str:
    """When the kill came."""
    before, between, after, finished = PHASES
    if (folder / "model.safetensors").exists():
        return finished
    if not list(folder.glob("checkpoint-*")):
        return before
    return between if killed.epochs < epochs else after


def bits(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of a run, but for its settings."""
    files = [path for path in folder.iterdir() if path.name != "settings.json"]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def report(console: Console, found: dict) -> None:
    counts = Counter(one["phase"] for one in found["moments"])
    for phase in PHASES:
        console.print(f"{counts[phase]:>3} killed {phase}")
    same = sum(one["same"] for one in found["moments"])
    console.print(f"{same} of {len(found['moments'])} ended with the bits of the run never stopped")


if __name__ == "__main__":
    main()
