"""The command `jaxmlp`."""

import functools
import importlib
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

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
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, as by `>&-`
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        if hasattr(stream := getattr(sys, name), "reconfigure"):
            stream.reconfigure(errors="replace")  # a console that cannot show η shows a ? instead
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
    except MemoryError as error:
        return _fail(f"out of memory: {str(error) or 'no more is to be had'}", 2)
    except (ValueError, OSError, OverflowError) as error:
        return _fail(error, 2)
    except Stop as stop:
        return _fail(stop, stop.code)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was written", 130)
    except Exception as error:
        if why := _of_jax(error):
            return _fail(why, 2)
        raise


def _of_jax(error: Exception) -> str:
    """What an error of JAX's own means, with the way out; "" if it is another's."""
    text = " ".join(str(error).split())
    if "RESOURCE_EXHAUSTED" in text or "out of memory" in text.lower():
        ways = "fewer --units, a smaller --batch-size, or JAX_PLATFORMS=cpu"
        return f"out of memory on the device: {ways} ({text[:200]})"
    if jax := sys.modules.get("jax"):
        try:
            jax.devices()
        except Exception as why:
            asked = os.environ.get("JAX_PLATFORMS", "")
            said = " ".join(str(why).split())[:200] or type(why).__name__
            none = f"JAX finds no device of JAX_PLATFORMS={asked!r}"
            return f"{none} ({said}): JAX_PLATFORMS=cpu runs"
    return text[:300] if type(error).__module__.startswith("jax") else ""


def _run(command: str, *args: str) -> int:
    if command in ("-h", "--help"):
        print(HELP.format(cache=_cache_folder() or "no folder"))
        return 0
    if command == "--version":
        from jaxmlp import __version__

        print(f"jaxmlp {__version__}")
        return 0
    if command not in COMMANDS:
        meant = did_you_mean(command, COMMANDS)
        raise ValueError(f"unknown command {command!r}: expected {', '.join(COMMANDS)}{meant}")
    keep_compiled()
    if command not in ("train", "sweep"):  # else JAX takes three quarters of a GPU's memory
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    warnings.showwarning = _without_damaged(warnings.showwarning)
    return importlib.import_module(f"jaxmlp.cli.{command}").main(list(args))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The known word that is most like it, as a question; "" if none is.

    Example:
        >>> did_you_mean("--epoch", ["--eta", "--epochs"])
        ' (did you mean --epochs?)'
    """
    matches = get_close_matches(word, list(known), 1)
    return f" (did you mean {matches[0]}?)" if matches else ""


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


def _without_damaged(show: Callable) -> Callable:
    """How warnings are shown, but that a kept program that is damaged is removed, and kept anew
    next time, where JAX would warn of it again and again."""

    @functools.wraps(show)
    def showwarning(message: Any, *args: Any, **kwargs: Any) -> None:
        damaged = re.match(r"Error reading persistent compilation cache.* '(\w+)'", str(message))
        folder = os.environ.get("JAX_COMPILATION_CACHE_DIR")
        if not (damaged and folder):
            return show(message, *args, **kwargs)
        for path in Path(folder).glob(f"{damaged[1]}-*"):
            path.unlink(missing_ok=True)
        return None

    return showwarning


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
    from jaxmlp.text import clean

    print("jaxmlp:", clean(" ".join(str(why).split())), file=sys.stderr)
    return code
