"""In place of what shows or trains by itself: it takes anything, and does nothing."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Literal

WIDGETS = ("streamlit", "ipywidgets")


class Stub:
    """In place of what is not there: takes anything, gives nothing.

    Attributes:
        why: what it stands for.
    """

    def __init__(self, why: str):
        self.__dict__["why"] = why

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Stub(f"{self.why}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        pass

    def __call__(self, *args: Any, **kw: Any) -> Any:
        if len(args) == 1 and callable(args[0]) and not isinstance(args[0], Stub):
            return args[0]  # a decorator
        if "value" in kw and self.why.startswith(WIDGETS):
            return kw["value"]  # of a slider that nobody has moved
        return Stub(f"{self.why}()")

    def __iter__(self) -> Iterator[Stub]:
        return iter((Stub(self.why), Stub(self.why)))

    def __getitem__(self, index: Any) -> Any:
        return Stub(self.why)

    def __setitem__(self, index: Any, value: Any) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> Literal[False]:
        return False


class Written(Stub):
    """A file that a program writes; what it puts there whole can be read again, one by one.

    Attributes:
        holds: what was put there, in order.
        left: what of it is still to be read.
    """

    def __init__(self, holds: list[Any] | None = None) -> None:
        super().__init__("a file")
        self.__dict__["holds"] = [] if holds is None else holds
        self.__dict__["left"] = iter(self.holds)


class _Bar(Stub):
    """A progress bar: what it goes over, and nothing else."""

    def __init__(self, over: Any = (), *_: Any, **__: Any):
        super().__init__("tqdm")
        self.__dict__["_over"] = over

    def __iter__(self) -> Iterator[Any]:
        return iter(self._over)

    def __len__(self) -> int:
        return len(self._over)

    write = staticmethod(lambda *_, **__: None)


def tqdm_stub() -> types.ModuleType:
    """`tqdm`, whose bars are not shown."""
    made = types.ModuleType("tqdm")
    bars = {"tqdm": _Bar, "tqdm_notebook": _Bar, "trange": lambda *args, **_: _Bar(range(*args))}
    vars(made).update(bars, auto=made, notebook=made)
    return made
