"""SciPy's optimisers, to which a program hands its E and gradient: these are called once."""

import functools
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np

from jaxmlp.verify.run.arrays import as_array
from jaxmlp.verify.run.tape import Handed, current


class Result(dict):
    """What `minimize` gives: the parameters, as they were."""

    __getattr__ = dict.get


def _handed(fun: Callable, x0: Any, jac: Any, args: Any) -> tuple[np.ndarray, Any]:
    """The parameters as one vector, and E; remembered as a call that gives the gradient."""
    x, args = np.ravel(as_array(x0)), args if isinstance(args, tuple) else (args,)
    begin = current().next
    returned = fun(x, *args)
    E, gradient = returned if isinstance(returned, tuple | list) else (returned, None)
    gives = fun
    if callable(jac):
        gives, gradient = jac, jac(x, *args)
    code, called = _code(gives, (x, *args))
    if code is not None:
        scope = dict(zip(code.co_varnames, called, strict=False))
        made = {**scope, code.co_name: (E, gradient)}
        current().handed.append(Handed(code, begin, current().next, made))
    return x, E


def _code(called: Any, args: tuple) -> tuple[CodeType | None, tuple]:
    """What a callable runs, and the arguments that it gets; of a method the object is left out."""
    while isinstance(called, functools.partial):
        called, args = called.func, (*called.args, *args)
    if hasattr(called, "__self__"):
        args = (None, *args)
    return getattr(getattr(called, "__func__", called), "__code__", None), args


def minimize(fun: Callable, x0: Any, args: Any = (), method: Any = None, jac: Any = None,
             **_: Any) -> Result:  # fmt: skip
    x, E = _handed(fun, x0, jac, args)
    return Result(x=x, fun=E, success=True, message="", nit=1)


def fmin_cg(f: Callable, x0: Any, fprime: Any = None, args: Any = (), **_: Any) -> Any:
    return _handed(f, x0, fprime, args)[0]


OPTIMIZERS: dict[str, Callable] = {
    "minimize": minimize, "fmin_cg": fmin_cg, "fmin_bfgs": fmin_cg, "fmin_ncg": fmin_cg,
    "fmin_tnc": lambda func, x0, fprime=None, args=(), **_:
        (_handed(func, x0, fprime, args)[0], 1, 0),
    "fmin_l_bfgs_b": lambda func, x0, fprime=None, args=(), **_:
        (*_handed(func, x0, fprime, args), {}),
}  # fmt: skip
