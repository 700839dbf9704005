"""The command `jaxmlp`."""

import importlib
import os
import sys
from pathlib import Path

HELP = """\
usage: jaxmlp COMMAND [OPTIONS]

Three-layer neural networks in JAX: derivations checked against autodiff, training jitted.

commands:
  train     train a network on the digits, or on data of your own
  sweep     train many networks: seeds, step sizes, starts, widths, activations
  verify    check a hand-derived gradient: which line is wrong, and by which mistake
  predict   what a trained network answers for each sample, as CSV
  evaluate  how good a trained network is on data with targets
  show      what is in a model file

`jaxmlp COMMAND --help` lists a command's options; `jaxmlp --version` says which this is.
Compiled programs are kept in {cache}
(JAXMLP_CACHE=DIR: elsewhere; JAXMLP_CACHE=off: nowhere)."""
COMMANDS = ("train", "sweep", "verify", "predict", "evaluate", "show")


class Stop(Exception):
    """An end with an exit code of its own."""

    def __init__(self, why: object, code: int):
        super().__init__(why)
        self.code = code


def main(args: list[str] | None = None) -> int:
    """Run the command; its exit code.

    0: done. 1: something verified is wrong. 2: it could not be done. 3: training diverged.
    130: interrupted, by Ctrl-C or a SIGTERM.
    All but 0 come with one line on standard error that says why.
    """
    args = sys.argv[1:] if args is None else args
    for stream in (sys.stdout, sys.stderr):  # a console that cannot show η shows a ? instead
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    return _guarded(args or ["--help"])


def _guarded(args: list[str]) -> int:
    """Run a command; an error of the user's or the machine's becomes one line."""
    try:
        code = _run(*args)
        sys.stdout.flush()
        return code
    except ModuleNotFoundError as error:
        return _fail(f"{error}: the command needs more packages: pip install 'jaxmlp[app]'", 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except (ValueError, OSError, MemoryError, OverflowError) as error:
        return _fail(error, 2)
    except Stop as stop:
        return _fail(stop, stop.code)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was written", 130)


def _run(command: str, *args: str) -> int:
    if command in ("-h", "--help"):
        print(HELP.format(cache=_cache_folder() or "no folder"))
        return 0
    if command == "--version":
        from jaxmlp import __version__

        print(f"jaxmlp {__version__}")
        return 0
    if command not in COMMANDS:
        raise ValueError(f"unknown command {command!r}: expected {', '.join(COMMANDS)}")
    keep_compiled()
    return importlib.import_module(f"jaxmlp.cli.{command}").main(list(args))


def keep_compiled() -> None:
    """Have JAX keep what it compiles from run to run; what the user has set goes first.

    In the environment, before JAX is imported: so child processes know it, too.
    """
    folder = _cache_folder()
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # then it is compiled anew
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


def _cache_folder() -> Path | None:
    """The folder named by JAXMLP_CACHE, or one in the user's cache; None if it is off."""
    chosen = os.environ.get("JAXMLP_CACHE", "")
    if chosen:
        return None if chosen == "off" else Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "jaxmlp"


def _fail(why: object, code: int) -> int:
    print("jaxmlp:", " ".join(str(why).split()), file=sys.stderr)
    return code
