"""Which types are checked at run time, and how: shapes by jaxtyping, all others by beartype alone.

jaxtyping's hook wraps every function of the package, and every function within one anew at each
call; for those without shapes that costs a fifth of the suite's time and tells no more.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import jaxtyping

with_shapes = jaxtyping.jaxtyped


def install() -> None:
    """From now on the hook's wrapper is the one below."""
    jaxtyping.jaxtyped = jaxtyped


def jaxtyped(*, typechecker: Callable) -> Callable:
    """What the hook puts above each function and class."""

    def wrapped(made: Any) -> Any:
        hints = None if isinstance(made, type) else hints_of(made)
        if hints is None or any(map(is_shape, hints)):
            return with_shapes(made, typechecker=typechecker)
        if "<locals>" in made.__qualname__:
            return made
        if inspect.isgeneratorfunction(made):  # what it yields is not of its type
            return with_shapes(made, typechecker=typechecker)
        return by_type(made, typechecker(made))

    return wrapped


def hints_of(made: Callable) -> list[Any] | None:
    """Its types; None where one is not defined by now."""
    try:
        return [*get_type_hints(made, include_extras=True).values()]
    except NameError:
        return None


def is_shape(hint: Any) -> bool:
    """Whether it is one of jaxtyping's, or made of such."""
    if isinstance(hint, type) and issubclass(hint, jaxtyping.AbstractArray):
        return True
    return any(map(is_shape, get_args(hint)))


def by_type(function: Callable, checked: Callable) -> Callable:
    """Checked, unless jaxtyping is told not to; only the function itself has its name in a trace."""
    if checked is function:  # there is nothing to check
        return function
    checked.__code__ = checked.__code__.replace(co_name="checked")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        used = function if jaxtyping.config.jaxtyping_disable else checked
        return used(*args, **kwargs)

    return call
