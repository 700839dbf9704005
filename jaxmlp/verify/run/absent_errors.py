"""What an error function that is not there gives: a number for E, or ∂E/∂g.

`loss(y, g)`, `mse_prime(y, g)`, `cost(g, y, derivative=True)`, `MSELoss().backward()`: by its name,
or by that of the class or object whose method it is. Which of its arguments is the output g is seen
from what they are computed from.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxmlp.verify.names import SLOPE_NAME, SLOPE_WORD
from jaxmlp.verify.run.arrays import Unsupported, lifted, recorded_number
from jaxmlp.verify.run.encoding import is_open, plain
from jaxmlp.verify.run.oracle import Oracle
from jaxmlp.verify.run.outputs import as_target, axis_of_one
from jaxmlp.verify.run.shapes import decide_elementwise, is_computed
from jaxmlp.verify.run.standing_in import StandIn, settled
from jaxmlp.verify.run.tape import current

ERROR = re.compile(
    r"(\w*_)?(loss|cost|criterion|objective|accuracy|(softmax_?|binary_?|categorical_?)*"
    r"cross_?entropy|(r?m|s)se|mae|[bc]?ce|nll|quadratic|(mean_?|sum_?)?squared?_?error)"
    r"(_?(fn|func|function|loss|cost|error))?",
    re.IGNORECASE,
)
OF_SQUARES = re.compile(r"squar|quadratic|(^|[\W_])(r?m|s)se", re.IGNORECASE)
IN_FRONT = re.compile(r"^(d_?|delta_?|diff_?|backward_|(grad|gradient|derivative)(_of)?_)")
VALUES = frozenset(("forward", "loss", "cost", "fn", "f", "calculate", "compute", "call", "calc"))
SLOPES = frozenset(("delta", "backward", "df", "d"))
INSTANCE = re.compile(r"\(\)?(#\d+)?|#\d+")


def called(stand_in: StandIn, args: tuple, kw: dict[str, Any], several: Callable[[], bool]) -> Any:
    """What it gives if it is an error function; else None.

    Args:
        several: tells whether more than one value is asked for.

    Raises:
        Unsupported: the output and the target do not fit.
    """
    owner, name = _names(stand_in.stands_for)
    back = _goes_back(owner, name, args[2:], kw)
    arrays, oracle = tuple(filter(_is_array, args)), stand_in._oracle
    whose = stand_in.stands_for.rpartition(".")[0]
    pair = arrays[-2:] if arrays else oracle.measured.get(whose, ())
    if back is None or not (len(pair) == 2 or (args and not back)):
        return None
    if len(pair) == 2:
        oracle.measured[whose] = pair
    if back:
        return _slope(f"{owner} {name}", pair, oracle)
    value = recorded_number(oracle.random.random())
    current().stands_in(value)
    if not several():
        return value
    return (value, _slope(f"{owner} {name}", pair, oracle)) if len(pair) == 2 else None


def _names(stands_for: str) -> tuple[str, str]:
    """The names of the class or object that it belongs to, if there is one, and its own."""
    parts = [INSTANCE.sub("", part) for part in f".{stands_for}".split(".")]
    return parts[-2], parts[-1]


def _goes_back(owner: str, name: str, flags: tuple, kw: dict[str, Any]) -> bool | None:
    """Whether it gives ∂E/∂g; None where it is no error function."""
    asked = any(flag is True for flag in flags)
    asked |= any(value is True and SLOPE_NAME.search(key) for key, value in kw.items())
    plain_name = name.lower()
    bases = (IN_FRONT.sub("", plain_name), SLOPE_WORD.sub("", plain_name).strip("_"))
    if any(base != plain_name and ERROR.fullmatch(base) for base in bases):
        return True
    if ERROR.fullmatch(name):
        return asked
    if ERROR.fullmatch(owner) and name in VALUES:
        return asked
    return True if ERROR.fullmatch(owner) and (name in SLOPES or SLOPE_NAME.search(name)) else None


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | StandIn)


def _slope(name: str, pair: tuple, oracle: Oracle) -> Any:
    """∂E/∂g but for its factor, beside E where that is known by its name; or, if E may be of
    logarithms, perhaps ∂E/∂a, of what g is the softmax of."""
    both = list(pair)
    if any(map(is_open, both)):
        decide_elementwise("subtract", both, oracle)
    first, second = map(settled, both)
    g, y = (second, first) if is_computed(second) else (first, second)
    if np.shape(g) != np.shape(y):
        whole = as_target(np.asarray(plain(y)), np.asarray(plain(g)))
        if whole is None:
            raise Unsupported(f"{name.strip()} of arrays that do not fit")
        y = lifted(whole)
    if OF_SQUARES.search(name):
        np.sum((g - y) ** 2)  # it states this E, be it called or not
        return g - y
    if oracle.choose((True, False), "by a"):
        return g - y
    return -y / g if axis_of_one(np.asarray(plain(g))) is not None else (g - y) / (g * (1 - g))
