"""What a program gets when it imports: a library that records, a stand-in, or a file beside it.

What draws, shows progress or trains by itself is a stand-in that does nothing; one whose values
reach the step makes the step unfit to be judged.
"""

import builtins
import functools
import re
import types
from collections.abc import Callable, Collection
from typing import Any

from jaxmlp.verify.run.data_frames import DataFrames
from jaxmlp.verify.run.libraries import LIBRARIES
from jaxmlp.verify.run.standing_in import StandIn
from jaxmlp.verify.run.stubs import Stub

HARMLESS = frozenset((
    "matplotlib", "pylab", "seaborn", "mpl_toolkits", "PIL", "cv2", "IPython", "ipywidgets",
    "plotly", "bokeh", "tqdm", "rich", "wandb", "tensorboard", "tensorboardX", "visdom",
    "imageio", "graphviz", "streamlit", "pygame", "tkinter", "turtle", "warnings", "logging",
    "loguru", "colorama", "termcolor", "tabulate", "prettytable", "progressbar", "alive_progress",
    "customtkinter", "PyQt5", "PyQt6", "PySide2", "PySide6", "kivy", "altair", "celluloid",
    "psutil",
))  # fmt: skip
ABSENT = frozenset((
    "torch", "tensorflow", "keras", "h5py", "torchvision", "mnist", "idx2numpy",
    "requests", "urllib", "subprocess", "socket", "multiprocessing", "threading", "ctypes",
    "gzip", "kaggle", "gym", "datasets", "sklearn", "skimage", "nltk",
))  # fmt: skip

REPLACED = frozenset((*LIBRARIES, *HARMLESS, *ABSENT, "pandas"))  # whatever they are asked for

CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")


def importer(
    missing: list[str], data: Callable[[str], Any], beside: Callable[..., Any],
    unknown: Collection[str] = (),
) -> Callable:  # fmt: skip
    """`__import__` for a program.

    Args:
        missing: gets the names of modules for which there is a stand-in.
        data: makes a stand-in for what a module that is missing would give.
        beside: a module (name, dots in front, path of who imports) beside the file, or None.
        unknown: the names that nothing in the program gives.
    """
    starred = functools.partial(_starred, unknown=unknown)

    def load(
        name: str, names: Any = None, local: Any = None, parts: Any = (), level: int = 0
    ) -> Any:
        root = name.partition(".")[0] if not level else ""  # a name after a dot is its own
        whole = name if parts else root
        if root in LIBRARIES:
            return starred(_library(name, parts), name, parts)
        if (module := _beside(beside, name, level, names, parts or ())) is not None:
            return module if parts else _package(name, module)
        if root in HARMLESS:
            return starred(Stub(whole), name, parts)
        if root in ABSENT | {"pandas"}:
            missing.append(name)
            made = DataFrames(data(whole)) if root == "pandas" else data(whole)
            return starred(made, name, parts)
        try:
            return builtins.__import__(name, names, local, parts, level)
        except (ImportError, ValueError, KeyError):
            missing.append(name)
            return starred(data(whole), name, parts)

    return load


def _starred(made: Any, name: str, parts: Any, *, unknown: Collection[str]) -> Any:
    """A module; where all names are asked for of one that is not there, one with those that
    nothing else gives. Classes stay open: an object of one may be an activation."""
    if parts != ("*",) or isinstance(made, types.ModuleType):
        return made
    module = types.ModuleType(name)
    if isinstance(made, StandIn):
        parts = {one: made._part(one, f"{made.stands_for}.{one}") for one in unknown
                 if not CLASS_NAME.fullmatch(one)}  # fmt: skip
        vars(module).update(parts)
    return module


def _library(name: str, parts: Any) -> types.ModuleType:
    """One of the libraries, or a part of it."""
    root, *rest = name.split(".")
    return functools.reduce(getattr, rest if parts else (), LIBRARIES[root])


def _package(name: str, module: types.ModuleType) -> types.ModuleType:
    """What `import a.b` gives: a, with b in it."""
    for part in reversed(name.split(".")[1:]):
        whole = types.ModuleType(name)
        setattr(whole, part, module)
        module = whole
    return module


def _beside(beside: Callable, name: str, level: int, names: Any, parts: tuple) -> Any:
    """A module beside the file; for `from common import layers` what is in the folder."""
    path = (names or {}).get("__file__", "")
    module = beside(name, level, path)
    inside = [part for part in parts if part != "*" and not hasattr(module, part)]
    modules = {part: beside(f"{name}.{part}".strip("."), level, path) for part in inside}
    if any(modules.values()):
        module = module or types.ModuleType(name)
        vars(module).update({part: inner for part, inner in modules.items() if inner is not None})
    return module
