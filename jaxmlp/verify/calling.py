"""How a person's function is called, and what it gave back: names, orders and shapes.

Nobody agrees on these, so they are recognised: by the names of parameters and results first, by
trying them on arrays of unequal sizes next.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.layouts import SINGLE_SAMPLE, Layout
from jaxmlp.verify.names import DELTA_ROLE, ROLE, plain_name
from jaxmlp.verify.run.outcome import Crashed, Unfinished

GRADIENT_PREFIX = re.compile(r"^(?:de?l?j?d|grad(?:ient)?(?:of)?|g|nabla|partial)(.+)$")


STEP_NAME = re.compile(r"update|step|sgd|descent|fit|train")


@dataclass(frozen=True)
class Subject:
    """A function to be checked.

    Attributes:
        name: what the report calls it.
        call: takes a list of arguments and gives back (the result, the arguments afterwards).
        parameters: the names of its parameters.
        returned: the names in its return statement, where they are known.
        line: where it begins in its file.
    """

    name: str
    call: Callable[[list], tuple[object, list]] = field(repr=False)
    parameters: tuple[str, ...]
    returned: tuple[str, ...] = ()
    line: int | None = None


def result_role(name: str, known: Sequence[str]) -> str | None:
    """What a returned name is: dW, dV, db, dc, delta1, delta2, or a new W, V, b, c."""
    short = plain_name(name)
    if short in DELTA_ROLE:
        return DELTA_ROLE[short]
    for new in ("", "new", "next", "updated"):
        role = ROLE.get(short.removesuffix(new).removeprefix(new)) if new else ROLE.get(short)
        if role in known and role in ("W", "V", "b", "c"):
            return role
    match = (
        GRADIENT_PREFIX.match(short)
        or re.match(r"^(d)(.+)$", short)
        or re.match(r"^()(.+)grad$", short)
    )
    base = match and ROLE.get(match.groups()[-1])
    if base is None and match:
        inner = re.match(r"^d(.+)$", match.groups()[-1])
        base = inner and ROLE.get(inner[1])
    return f"d{base}" if base in ("W", "V", "b", "c") else None


def named_results(
    subject: Subject, roles: Sequence[str], result: object, shapes: Mapping[str, tuple]
) -> dict[str, object]:
    """What was given back, by role.

    Args:
        shapes: of each role that may come back, to tell a plain tuple of many apart.

    Raises:
        Crashed: it cannot be told what is what.
    """
    if hasattr(result, "_asdict"):
        result = result._asdict()
    if isinstance(result, Mapping):
        pairs = {result_role(str(key), roles): value for key, value in result.items()}
        pairs.pop(None, None)
        if "eta" not in roles and not STEP_NAME.search(plain_name(subject.name)):
            # grads["W1"]: what has no step size gives no new parameters
            pairs = {r if r.startswith("d") else f"d{r}": value for r, value in pairs.items()}
        if pairs:
            return pairs
        raise Crashed(f"expected keys such as dW and dV, got {', '.join(map(str, result))}")
    values: list[Any] = list(result) if isinstance(result, tuple | list) else [result]
    named = [result_role(name, roles) for name in subject.returned]
    if len(named) == len(values) and None not in named and len(set(named)) == len(named):
        return dict(zip(named, values, strict=True))
    params = [role for role in roles if role in ("W", "V", "b", "c")]
    if len(values) > len(params):  # E, say, comes back beside the gradients
        values = [value for value in values if np.ndim(value) > 0]
    if len(values) == len(params):
        prefix = "" if "eta" in roles else "d"
        return {prefix + role: value for role, value in zip(params, values, strict=True)}
    return _by_shape(values, shapes)


def _by_shape(values: Sequence[Any], shapes: Mapping[str, tuple]) -> dict[str, object]:
    left, named = dict(shapes), {}
    for value in values:
        fits = [role for role, shape in left.items() if np.shape(value) == shape]
        if not fits:
            got = ", ".join(str(np.shape(v)) for v in values)
            raise Crashed(
                f"expected (dW, dV), or a dict with names, got {len(values)} results: {got}"
            )
        named[fits[0]] = value
        del left[fits[0]]
    return named


def array(value: object) -> np.ndarray:
    """A result as an array of floating-point numbers.

    Raises:
        Unfinished: it is None. Crashed: it is no array of numbers.
    """
    if value is None:
        raise Unfinished
    try:
        converted = np.asarray(value)
    except Exception as error:
        raise Crashed(f"expected an array, got {type(value).__name__}: {error}") from None
    if converted.dtype.kind in "biu":
        return converted.astype(np.float64)
    if converted.dtype.kind != "f":
        raise Crashed(f"expected an array of real numbers, got {_kind(value, converted)}")
    return converted


def _kind(value: object, converted: np.ndarray) -> str:
    if converted.dtype.kind == "O" and any(part is None for part in converted.flat):
        raise Unfinished
    return f"{type(value).__name__} of {converted.dtype}"


def stacked(at_points: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
    """The results at each point, each stacked over the points.

    Raises:
        Crashed: there are more of them at one point than at another, or of another shape.
    """
    try:
        return [np.stack(part) for part in zip(*at_points, strict=True)]
    except ValueError:
        raise Crashed("expected results of the same shape at every point") from None


CONVENTIONS = {
    "one-sample": Words("takes one sample at a time", "1 サンプルずつ受け取ります"),
    "column": Words("takes a sample as a column", "サンプルを列ベクトルとして受け取ります"),
    "rows": Words("takes rows of samples", "サンプルを行に並べて受け取ります"),
    "columns": Words("takes samples as columns", "サンプルを列に並べて受け取ります"),
    "one-given": Words("x comes with its 1 in front", "x は先頭に 1 の付いた形で受け取ります"),
    "one-added": Words("adds the 1 in front of x by itself", "x の先頭の 1 は関数の中で付けます"),
    "biases-apart": Words("has its biases apart", "バイアスは別のパラメータです"),
    "weights-transposed": Words(
        "the weights stand on the right of the samples, x W: the transposes of the lecture's",
        "重みをサンプルの右から掛けています (xW)。講義の W、V の転置です",
    ),
    "mean": Words("the mean over the samples", "サンプルについて平均しています"),
    "sum": Words("the sum over the samples", "サンプルについて和を取っています"),
    "in-place": Words("changes the parameters in place", "パラメータをその場で書き換えます"),
}


def convention(id: str) -> Note:
    """A convention recognised, as a remark."""
    return Note(id, CONVENTIONS[id])


def conventions(layout: Layout, *, bias: bool, mean: bool) -> tuple[Note, ...]:
    """What was recognised, for the report."""
    ids = ["one-sample" if layout.samples == "sample" else layout.samples]
    if layout.apart:
        ids.append("biases-apart")
    elif bias:
        ids.append("one-given" if layout.one else "one-added")
    if layout.turned:
        ids.append("weights-transposed")
    if layout.samples not in SINGLE_SAMPLE:
        ids.append("mean" if mean else "sum")
    return tuple(map(convention, ids))
