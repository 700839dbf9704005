"""The command `jaxmlp`."""

import importlib
import os
import sys

HELP = """\
usage: jaxmlp COMMAND [OPTIONS]

Three-layer neural networks in JAX: derivations checked against autodiff, training jitted.

commands:
  train    train a network on the digits, or on data of your own
  sweep    train many networks: seeds, step sizes, starts, widths, activations
  verify   check a hand-derived gradient: which line is wrong, and by which mistake

`jaxmlp COMMAND --help` lists a command's options; `jaxmlp --version` says which this is."""
COMMANDS = ("train", "sweep", "verify")


class Stop(Exception):
    """An end with an exit code of its own."""

    def __init__(self, why: object, code: int):
        super().__init__(why)
        self.code = code


def main(args: list[str] | None = None) -> int:
    """Run the command; its exit code.

    0: done. 1: something verified is wrong. 2: it could not be done. 3: training diverged.
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
        print(HELP)
        return 0
    if command == "--version":
        from jaxmlp import __version__

        print(f"jaxmlp {__version__}")
        return 0
    if command not in COMMANDS:
        raise ValueError(f"unknown command {command!r}: expected {', '.join(COMMANDS)}")
    return importlib.import_module(f"jaxmlp.cli.{command}").main(list(args))


def _fail(why: object, code: int) -> int:
    print("jaxmlp:", " ".join(str(why).split()), file=sys.stderr)
    return code
