"""What a function that is not there gives: an f, a data set that is known, or a stand-in."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any

import numpy as np

from jaxmlp.verify.names import BACK
from jaxmlp.verify.run import data_sets
from jaxmlp.verify.run.arrays import Unsupported, lifted, of_frames, recorded_number
from jaxmlp.verify.run.encoding import is_frame, plain
from jaxmlp.verify.run.libraries import sigmoid, softmax
from jaxmlp.verify.run.oracle import TABLE_ROWS, Oracle
from jaxmlp.verify.run.standing_in import PICKLED, StandIn, settled
from jaxmlp.verify.run.tape import current

LACKS = re.compile(r"\.(isnull|isna|duplicated)$")
SCORE = re.compile(r"metrics.*(score|loss|error)$")  # what gives a number


def called(stand_in: StandIn, args: tuple, kw: dict[str, Any]) -> Any:
    """What it gives as a function.

    Raises:
        Unsupported: there is no way to tell.
    """
    of_array = len(args) == 1 and isinstance(args[0], np.ndarray | StandIn)
    if of_array and not stand_in.loaded and stand_in.stands_for not in stand_in._oracle.absent:
        return _applied(stand_in.stands_for, settled(args[0]), stand_in._oracle)
    if of_array and not kw and (known := _activation(stand_in.stands_for)) is not None:
        return known(settled(args[0]), stand_in._oracle)
    if not stand_in.loaded:
        raise Unsupported(f"{stand_in.stands_for}, which is not defined")
    if len(args) == 1 and isinstance(args[0], FunctionType | type):
        return args[0]  # a decorator
    if LACKS.search(stand_in.stands_for):
        return lifted(np.zeros((1, 1), bool))  # stand-ins are complete
    if SCORE.search(stand_in.stands_for):
        return _standing_in(recorded_number(stand_in._oracle.random.random()))
    return _made(stand_in, args, kw) if (data := _data(stand_in, args, kw)) is None else data


def _made(stand_in: StandIn, args: tuple, kw: dict[str, Any]) -> StandIn:
    """A stand-in for what a function gives of which nothing is known."""
    stand_in._oracle.calls += 1
    opened = (
        stand_in.stands_for.endswith(".open") and args and isinstance(args[0], str | os.PathLike)
    )
    file = os.path.basename(args[0]).replace(".", "_") if opened else ""  # a dot is of an attribute
    made = stand_in._another(f"{stand_in.stands_for}({file})#{stand_in._oracle.calls}", loaded=True)
    pickled = PICKLED in stand_in.stands_for  # made of a file, of which nothing is known
    made._given = () if pickled else tuple(_arrays((*args, *kw.values())))
    return made


def _applied(name: str, u: Any, oracle: Oracle) -> Any:
    """What it gives as an activation: tanh, of an output perhaps u; or as the derivative of
    tanh, of f(u) or of u, whichever it is given."""
    inputs, outputs = oracle.activated
    node = current().node_of(u)
    if not BACK.search(name) and "prime" not in name:
        linear = "out" in name and oracle.choose((False, True), "linear")
        made = u * 1.0 if linear else np.tanh(u)
        inputs.add(node)
        outputs.add(current().node_of(made))
        return made
    known = node in inputs | outputs
    of_output = node in outputs if known else oracle.choose((True, False), "derivative")
    return 1 - u * u if of_output else 1 - np.tanh(u) ** 2


def _data(stand_in: StandIn, args: tuple, kw: dict[str, Any]) -> Any:
    """What is known of a function of a library: a data set, or labels as 1 of K; or None."""
    name, oracle = stand_in.stands_for, stand_in._oracle
    if (tables := _there(args)) and (parts := data_sets.split(name, tables, kw)):
        return parts
    known = tuple(part.known() if isinstance(part, StandIn) else of_frames(part) for part in args)
    data = data_sets.loaded(name, known, kw, oracle.rows, oracle.random, oracle.lengths)
    if data is None:
        data = data_sets.encoded_labels(name, tuple(map(plain, known)), kw)
    if not isinstance(data, dict | np.ndarray):
        return _standing_in(lifted(data))
    made = stand_in._another(f"{name}()", loaded=True)
    if isinstance(data, dict):
        made.parts = {key: _standing_in(lifted(part)) for key, part in data.items()}
    else:  # labels, perhaps as a sparse matrix
        made.value = lifted(data)
    return made


def _there(args: tuple) -> tuple:
    """The arguments, if all are tables that are there, of more rows than stand-ins have."""
    all_there = all(isinstance(table, np.ndarray) or is_frame(table) for table in args)
    return (
        args
        if all_there and all(np.ndim(table) and len(table) > TABLE_ROWS for table in args)
        else ()
    )


def _activation(name: str) -> Callable[[Any, Oracle], Any] | None:
    """An f that a module would have given, where its name leaves no choice; else None."""
    return ACTIVATIONS.get(name.rpartition(".")[2].partition("#")[0].lower())


def _softmax(u: Any, oracle: Oracle) -> Any:
    """Of rows, or of columns."""
    axis = -1 if np.ndim(u) < 2 else oracle.choose((-1, 0), "softmax")
    return softmax(u, axis)


def _arrays(args: Iterable[Any]) -> Iterator[Any]:
    """The arrays among arguments, those in lists, too."""
    for argument in args:
        if isinstance(argument, list | tuple):
            yield from _arrays(argument)
        elif isinstance(argument, np.ndarray | StandIn) or is_frame(argument):
            yield argument


def _standing_in(data: Any) -> Any:
    """Data of which each array is known to stand in for what is not there."""
    for array in _arrays((data,)):
        current().stands_in(array)
    return data


ACTIVATIONS: dict[str, Callable[[Any, Oracle], Any]] = {
    "tanh": lambda u, _: np.tanh(u),
    "sigmoid": lambda u, _: sigmoid(u),
    "relu": lambda u, _: np.maximum(u, 0),
    "softmax": _softmax,
}
