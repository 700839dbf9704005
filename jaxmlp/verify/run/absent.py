"""What a function that is not there gives: an f, a data set that is known, or a stand-in."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.names import SLOPE_NAME, SLOPE_WORD
from jaxmlp.verify.run import absent_errors, data_sets
from jaxmlp.verify.run.arrays import Unsupported, lifted, of_frames, recorded_number
from jaxmlp.verify.run.encoding import is_frame, plain
from jaxmlp.verify.run.libraries import sigmoid, softmax
from jaxmlp.verify.run.oracle import TABLE_ROWS, Oracle
from jaxmlp.verify.run.shapes import is_computed
from jaxmlp.verify.run.standing_in import PICKLED, StandIn, settled
from jaxmlp.verify.run.tape import current

LACKS = re.compile(r"\.(isnull|isna|duplicated)$")
SCORE = re.compile(r"metrics.*(score|loss|error)$")  # what gives a number
DRAWS = re.compile(r"weight|matrix|initiali[sz]er|xavier|glorot|kaiming|(^|_)he_")
PREDICTS = re.compile(r"predict|argmax|classif")  # labels, by an output
OPTIMISES = re.compile(r"_*(update(_\w+)?|step|apply_gradients?|optimi[sz]e)")  # a parameter
RATE = 0.1  # of such a one
OF_OBJECT = re.compile(r"(\w+)\(\)(?:#\d+)?\.(\w+)$")
CLASS_ENDING = re.compile(r"_?(activat(ion|or)|func(tion)?|layer)$", re.IGNORECASE)  # of ReluLayer
VALUE_METHODS = frozenset((
    "a", "f", "fn", "func", "function", "activate", "activation", "apply", "call", "calc",
    "calculate", "compute", "evaluate", "eval", "forward", "output", "transform",
))  # fmt: skip
GOES_BACK = re.compile(r"back", re.IGNORECASE)  # which gets ∂E/∂f(u), and not u
AS_METHOD = (".d", ".df", ".dx")  # names of f' where an object is f


class Activation(NamedTuple):
    """f of u, and f' by what f gives."""

    f: Callable[[Any, Oracle], Any]
    slope: Callable[[Any], Any]


def called(
    stand_in: StandIn, args: tuple, kw: dict[str, Any], several: Callable[[], bool],
    operand: Callable[[], bool],
) -> Any:  # fmt: skip
    """What it gives as a function.

    Args:
        several: tells whether more than one value is asked for.
        operand: tells whether what it gives is added to something, or subtracted from it.

    Raises:
        Unsupported: there is no way to tell.
    """
    if (made := _descended(stand_in, args, operand)) is not None:
        return made
    if (made := _applied(stand_in, args, kw)) is not None:
        return made
    if (made := absent_errors.called(stand_in, args, kw, several)) is not None:
        return made
    if not (args or kw or stand_in.loaded) and "." not in stand_in.stands_for:
        return stand_in._another(f"{stand_in.stands_for}()")  # an object of a class
    if not stand_in.loaded:
        return _of_data(stand_in, args, kw)
    if len(args) == 1 and isinstance(args[0], FunctionType | type):
        return args[0]  # a decorator
    if LACKS.search(stand_in.stands_for):
        return lifted(np.zeros((1, 1), bool))  # stand-ins are complete
    if SCORE.search(stand_in.stands_for):
        return _standing_in(recorded_number(stand_in._oracle.random.random()))
    return _made(stand_in, args, kw) if (data := _data(stand_in, args, kw)) is None else data


def _descended(stand_in: StandIn, args: tuple, operand: Callable[[], bool]) -> Any:
    """What an optimiser makes of a parameter and its gradient: plain descent; None where it is no
    optimiser by its name, or gets something else."""
    arrays = [arg for arg in args[:2] if isinstance(arg, np.ndarray) and arg.ndim]
    known = len(arrays) == 2 and arrays[0].shape == arrays[1].shape
    named = not stand_in.loaded and OPTIMISES.fullmatch(_function_name(stand_in))
    if not (known and named) or operand():
        return None
    exchanged = is_computed(arrays[0]) and not is_computed(arrays[1])
    parameter, gradient = arrays[::-1] if exchanged else arrays
    return parameter - RATE * gradient


def _of_data(stand_in: StandIn, args: tuple, kw: dict[str, Any]) -> StandIn:
    """A stand-in for data that a function which nothing defines makes of others.

    Raises:
        Unsupported: it is given what the network has computed, and gives no labels.
    """
    given = [array for array in _arrays((*args, *kw.values())) if not isinstance(array, StandIn)]
    if any(map(is_computed, given)) and not PREDICTS.search(_function_name(stand_in)):
        raise Unsupported(f"{stand_in.stands_for}, which is not defined")
    stand_in._oracle.calls += 1
    return stand_in._another(f"{stand_in.stands_for}()#{stand_in._oracle.calls}")


def _made(stand_in: StandIn, args: tuple, kw: dict[str, Any]) -> StandIn:
    """A stand-in for what a function gives of which nothing is known."""
    stand_in._oracle.calls += 1
    if (drawn := _drawn(stand_in, args)) is not None:
        return drawn
    opened = (
        stand_in.stands_for.endswith(".open") and args and isinstance(args[0], str | os.PathLike)
    )
    file = os.path.basename(args[0]).replace(".", "_") if opened else ""  # a dot is of an attribute
    made = stand_in._another(f"{stand_in.stands_for}({file})#{stand_in._oracle.calls}", loaded=True)
    pickled = PICKLED in stand_in.stands_for  # made of a file, of which nothing is known
    made._given = () if pickled else tuple(_arrays((*args, *kw.values())))
    return made


def _drawn(stand_in: StandIn, args: tuple) -> Any:
    """The weights that a function draws by its name, of the two sizes that it is given, the one way
    or the other; None where it may give something else."""
    sizes = tuple(int(size) for size in args if isinstance(size, int | np.integer))
    named = DRAWS.search(_function_name(stand_in))
    if not named or len(sizes) != 2 or len(args) != 2 or min(sizes) < 1:
        return None
    shapes = tuple(dict.fromkeys((sizes, sizes[::-1])))
    shape = stand_in._oracle.choose(shapes, "drawn") if shapes[1:] else sizes
    return stand_in._another(stand_in.stands_for).become(shape)


def _applied(stand_in: StandIn, args: tuple, kw: dict[str, Any]) -> Any:
    """What it gives as an activation, or as the derivative of one; None where it is neither.

    What is given to a function, and not called by a name that is known, is tanh, of an output
    perhaps u.
    """
    if not args or not isinstance(args[0], np.ndarray | StandIn):
        return None
    oracle, name = stand_in._oracle, _function_name(stand_in)
    untold = not stand_in.loaded and stand_in.stands_for not in oracle.absent
    slopes = {key: flag for key, flag in kw.items() if SLOPE_NAME.search(key)}
    back, base = _read(stand_in, (*args[1:], *slopes.values()), named=bool(slopes))
    if back is None or not (untold or (base in ACTIVATIONS and slopes == kw)):
        return None
    function, u = ACTIVATIONS.get(base, ACTIVATIONS["tanh"]), settled(args[0])
    if back:
        z = _output_of_layer(stand_in, u)
        return _slope(function, u, oracle) if z is None else u * function.slope(z)
    linear = base not in ACTIVATIONS and "out" in name and oracle.choose((False, True), "linear")
    made = u * 1.0 if linear else function.f(u, oracle)
    oracle.applied.setdefault(stand_in.stands_for, []).append(made)
    for nodes, value in zip(oracle.activated, (u, made), strict=True):
        nodes.add(current().node_of(value))
    return made


def _output_of_layer(stand_in: StandIn, delta: Any) -> Any:
    """What a layer that is not there has given last, of those that have not been gone back through,
    where its backward pass is given ∂E/∂ of it; None where it is given what its f is, or gives."""
    owner, _, method = stand_in.stands_for.rpartition(".")
    if not GOES_BACK.search(method) or any(_is_activated(delta, stand_in._oracle)):
        return None
    for name, given in stand_in._oracle.applied.items():
        alike = [at for at, z in enumerate(given) if np.shape(z) == np.shape(delta)]
        if alike and name.rpartition(".")[0] == owner:
            return given.pop(alike[-1])
    return None


def _read(stand_in: StandIn, flags: tuple, *, named: bool) -> tuple[bool | None, str]:
    """(whether f' is asked for, the name of f), by the name and by a flag.

    Args:
        named: whether the flag says so. Another is one for f' only where f is called without it;
            (None, "") where that cannot be told.
    """
    name, applied = _function_name(stand_in), stand_in._oracle.applied
    if any(type(flag) is not bool for flag in flags):
        return None, ""
    if any(flags) and not (named or stand_in.stands_for in applied):
        return None, ""
    if SLOPE_NAME.search(name) or stand_in.stands_for.endswith(AS_METHOD):
        return True, SLOPE_WORD.sub("", name).strip("_")
    return any(flags), name


def _slope(function: Activation, u: Any, oracle: Oracle) -> Any:
    """f'(u), of u or of f(u), whichever has that value."""
    of_input, of_output = _is_activated(u, oracle)
    if not (of_input or of_output):
        of_output = oracle.choose((True, False), "derivative")
    return function.slope(u if of_output else function.f(u, oracle))


def _is_activated(array: Any, oracle: Oracle) -> tuple[bool, bool]:
    """Whether it is what an f has been given, and whether it is what one has given."""
    of_input, of_output = oracle.activated
    return (any(_is_same(array, node) for node in of_input),
            any(_is_same(array, node) for node in of_output))  # fmt: skip


def _is_same(array: Any, node: int) -> bool:
    nodes = current().nodes
    return node in nodes and np.array_equal(plain(array), nodes[node].value, equal_nan=True)


def _function_name(stand_in: StandIn) -> str:
    """The name of a function; of an object's method that of its class, as in Tanh().d(u), and of
    an f that is among derivatives that of its derivative, as in Derivatives.tanh(u)."""
    name = stand_in.stands_for
    method = OF_OBJECT.search(name)
    of = CLASS_ENDING.sub("", method[1]).lower() if method else ""
    if method is None or of not in ACTIVATIONS:
        among, own = (part.partition("#")[0] for part in f".{name.lower()}".split(".")[-2:])
        return f"{own}_derivative" if own in ACTIVATIONS and SLOPE_NAME.search(among) else own
    if method[2] in VALUE_METHODS:
        return of
    slope = SLOPE_NAME.search(method[2]) or name.endswith(AS_METHOD)
    applied = any(one.startswith(method[0].rpartition(".")[0], method.start())
                  for one in stand_in._oracle.applied)  # fmt: skip
    own = "derivative" if slope and applied and not GOES_BACK.search(method[2]) else method[2]
    return f"{of}_{own}".lower()


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


ACTIVATIONS = {
    "identity": Activation(lambda u, _: u * 1.0, lambda z: z * 0 + 1.0),
    "tanh": Activation(lambda u, _: np.tanh(u), lambda z: 1 - z * z),
    "sigmoid": Activation(lambda u, _: sigmoid(u), lambda z: z * (1 - z)),
    "relu": Activation(lambda u, _: np.maximum(u, 0), lambda z: (z > 0) * 1.0),
    # Of each entry by itself: multiplied entry by entry, any slope of a softmax is wrong.
    "softmax": Activation(_softmax, lambda z: z * (1 - z)),
}
