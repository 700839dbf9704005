"""The body of a training loop, run once on synthetic data under the names it reads."""

import ast
import functools
import itertools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify.before import lists_files
from jaxmlp.verify.calling import ROLE, Subject, convention, plain
from jaxmlp.verify.claimed import MADE_OF, carry_share, moved, points_of
from jaxmlp.verify.decay import decay_said, without_decay
from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.ending import at_equal_sizes, ended, equal_sizes, farther, recognised
from jaxmlp.verify.finding import Check, Note, Words, remarked
from jaxmlp.verify.judge.stages import judge
from jaxmlp.verify.loops import Loop, drawn, numbers
from jaxmlp.verify.mistakes import CATALOGUE, quantities
from jaxmlp.verify.names import called, loads, role_of_data, stores
from jaxmlp.verify.points import EQUAL, ETA, Points, Sizes, with_one
from jaxmlp.verify.program import Quantities
from jaxmlp.verify.run.outcome import Crashed, Unfinished
from jaxmlp.verify.run.runner import Runner
from jaxmlp.verify.stepsize import STAGES, changes, fitted_eta, named_eta, step_sizes

NAME = "training loop"
EXERCISE = Sizes(784, 200, 4, n=11, draws=1)  # scripts have these numbers written into them
EPOCH = 2  # neither 0 nor 1, by which some scripts divide
SAMPLES = ((3, 0, 8), (1, 0))  # the second where a counter is that of whole batches
BATCH = 5


class Way(NamedTuple):
    """How the data and the parameters are put in.

    Attributes:
        columns: all samples at once, as columns.
        turned: samples meet the weights from the left, x @ W: W is (d+1, q), V (q+1, m).
        column: biases of their own are columns, (q, 1), or, where turned, rows, (1, q).
        labels: numbers for classes.
        one: with a 1 in front of x.
        extra: how many numbers stand before x in a file's row.
    """

    columns: bool
    turned: bool
    column: bool
    labels: bool
    one: bool
    extra: int


class Step(NamedTuple):
    """One run of the body: what it was given and what it left."""

    W: np.ndarray
    V: np.ndarray
    x: np.ndarray
    y: np.ndarray
    eta: float | None
    last: bool  # whether x has its 1 at the end
    names: dict[str, Any]


def check_loop(
    runner: Runner, loop: Loop, network: Network, reduction: str, seed: int
) -> tuple[Check, ...]:
    """A check for δ2, ∂E/∂V, δ1 and ∂E/∂W, as far as the loop has them (L12, L22)."""
    subject = Subject(NAME, lambda args: (None, args), (), line=loop.line)
    return ended(subject, "update", lambda: _checked(runner, loop, network, reduction, seed))


def _checked(runner, loop, network, reduction, seed) -> tuple[Check, ...]:
    crash = None
    for sizes in (Sizes(), EXERCISE, *EQUAL):
        points, equal = points_of(network, sizes, seed), sizes in EQUAL
        if equal and sizes not in equal_sizes(crash):
            continue
        for way in _ways(loop, equal=equal):
            run = functools.partial(_steps, runner, loop, sizes=sizes, way=way)
            try:
                steps = run(points)
            except Crashed as why:
                crash = crash if equal and crash else farther(crash, _told(loop, why))
                continue
            again = functools.partial(run, moved(points, seed=1))
            checks = _judge(loop, network, reduction, steps, way, again)
            if not equal:
                return _said(checks, way, None)
            if recognised(checks):  # at equal sizes anything may run
                return _said(checks, way, crash)
    raise crash


def _told(loop: Loop, why: Crashed) -> Crashed:
    """A crash, or that it comes from what stands in for the data."""
    name = re.match(r"NameError: name '(\w+)' is not defined", str(why))
    told = str(why)
    if name and name[1] in loop.known.unknown:
        told = f"expected data under names such as x_train and y_train, got {name[1]}"
    if loop.known.files and "invalid literal for int" in str(why):
        told = "expected labels from elsewhere than the names of files"
    crash = Crashed(told)
    crash.line = why.line
    return crash


def _said(checks: tuple[Check, ...], way: Way, crash: Crashed | None) -> tuple[Check, ...]:
    """With remarks on what was recognised."""
    notes = []
    if crash is not None:
        notes.append(at_equal_sizes(crash))
    if way.one:
        notes.append(convention("one-given"))
    if way.turned:
        notes.append(convention("weights-transposed"))
    return remarked(checks, *notes)


def _ways(loop: Loop, *, equal: bool) -> Iterator[Way]:
    apart = "b" in loop.params or "c" in loop.params
    yield from itertools.starmap(
        Way,
        itertools.product(
            (False, True) if _whole(loop) else (False,),
            (False,) if equal else (False, True),
            (False, True) if apart else (False,),
            (False, True),
            (False,) if loop.adds_one else (False, True),
            (2, 1, 0) if loop.reader else (0,),
        ),
    )


def _steps(runner, loop, points, *, sizes, way) -> list[Step]:
    """A run for each draw of parameters and some samples."""
    crash = Crashed("expected batches of one size")
    for number, samples in enumerate(SAMPLES):
        try:
            steps = [_run(runner, loop, points, sizes, way, at, i)
                     for at in range(sizes.draws) for i in samples]  # fmt: skip
        except Crashed as why:
            crash = why if number == 0 else crash
            continue
        if len({len(s.x) for s in steps}) == 1 and len(steps[0].x):
            return steps
    raise crash


def _run(runner, loop, points: Points, sizes: Sizes, way: Way, at: int, i: int) -> Step:
    """The body, run at sample i with this draw of the parameters."""
    W, V, X, Y = (part[at] for part in points)
    given = _names(loop, W, V, X, Y, sizes, way, i)
    for name in _own_data(runner):
        given.pop(name, None)
    after = runner.run(
        str(loop.line), given, {"d": sizes.d, "q": sizes.q, "m": sizes.m, "n": sizes.n}
    )
    x, y, last = _sample(loop, given, after, X, Y, i)
    new = {role: after.get(name, given.get(name)) for role, name in loop.params.items()}
    new_W, new_V = _matrix(new, "W", "b", W, way), _matrix(new, "V", "c", V, way)
    for old, now in ((W, new_W), (V, new_V)):
        if now is not None and now.shape != old.shape:
            raise Crashed(
                f"expected parameters of shape {old.shape}, got {now.shape} after the update"
            )
    named = {**after, "new_W": new_W, "new_V": new_V}
    return Step(W, V, x, y, named_eta(loop, {**given, **after}), last, named)


def _own_data(runner: Runner) -> set[str]:
    """What the file makes of an identity matrix: 1-of-K vectors by class."""
    made = [c for c in runner.pieces.constants if isinstance(c.value, ast.Call)]
    return {name for c in made if called(c.value) in ("identity", "eye") for name in stores(c)}


def _matrix(new: dict, matrix: str, bias: str, old: np.ndarray, way: Way) -> np.ndarray | None:
    """A new W or V as the lecture has it."""
    if matrix not in new:
        return None
    value = _number_array(new[matrix], f"expected an array for the new {matrix}")
    value = value.T if way.turned else value
    if bias not in new:
        return value
    column = _number_array(new[bias], f"expected an array for the new biases of {matrix}")
    if value.ndim != 2 or column.size != len(value):
        raise Crashed(f"expected {len(old)} biases beside {old.shape}, got {column.shape}")
    return np.concatenate([np.reshape(column, (-1, 1)), value], axis=1)


def _number_array(value: Any, expected: str) -> np.ndarray:
    try:
        return np.asarray(value, float)
    except (TypeError, ValueError):
        raise Crashed(f"{expected}, got {type(value).__name__}") from None


def _names(loop: Loop, W, V, X, Y, sizes: Sizes, way: Way, i: int) -> dict[str, Any]:
    """A value for each name that the body reads, as its name and place say what it is."""
    params = {"W": W, "V": V}
    for matrix, bias in (("W", "b"), ("V", "c")):
        if bias in loop.params:
            column = params[matrix][:, :1] if way.column else params[matrix][:, 0]
            column = column.T if way.turned else column
            params |= {bias: column, matrix: params[matrix][:, 1:]}
    if way.turned:
        params |= {"W": params["W"].T, "V": params["V"].T}
    rows = with_one(X) if way.one else X
    targets = Y.argmax(axis=1) if way.labels else Y
    if way.columns:
        rows, targets = rows.T, targets.T
    label = Y[i].argmax() if Y[i].max() == 1 else 0
    given = {name: np.array(params[role]) for role, name in loop.params.items()}
    for name in loop.reads:
        if name not in given:
            value = _value(name, loop, rows, targets, sizes, i, params)
            if value is not None:
                given[name] = value
    if loop.reader:
        given["__sample__"] = np.concatenate(
            [np.full(way.extra, float(label)), with_one(X)[i, 1 - way.one :]]
        )
    return given


def _value(name, loop, rows, targets, sizes: Sizes, i: int, params) -> Any:
    short, role = plain(name), role_of_data(name)
    if name in loop.known.files:
        return _files(targets)
    if name in loop.counters:
        over = loop.counters[name]
        if lists_files(over) or (loads(over) & loop.known.files and not numbers(over)):
            return _files(targets)[i]
        return _counted(name, loop.counters[name], rows, targets, i)
    if short in ("d", "q", "m", "n", "ntrain", "numtrain"):
        return {"d": sizes.d, "q": sizes.q, "m": sizes.m}.get(short, sizes.n)
    if drawn(name):
        order = np.arange(sizes.n)[::-1]  # not i itself, so that another order is seen
        return {"size": BATCH, "batch": order[i : i + BATCH], "order": order}[drawn(name)]
    if role in ("x", "y"):
        return rows if role == "x" else targets
    if role in params:
        return np.array(params[role])
    return ETA if role == "eta" else None


def _files(targets: np.ndarray) -> list[str]:
    """File names whose only digit is the label, where the exercise has it."""
    labels = targets if targets.ndim == 1 else targets.argmax(axis=1)
    return [f"./train/image{label:.0f}.csv" for label in labels]


def _counted(name: str, over: ast.expr, rows, targets, i: int) -> Any:
    """A loop variable: a number, or a row of what the loop runs over."""
    base = over.value if isinstance(over, ast.Subscript) else over
    data = role_of_data(base.id) if isinstance(base, ast.Name) else None
    role = ROLE.get(plain(name), data)
    if not numbers(over) and role in ("x", "y"):
        return (rows if role == "x" else targets)[i]
    short = plain(name)
    return EPOCH if "epoch" in short or short in ("t", "iter", "itr", "iteration", "ep") else i


def _sample(loop, given: dict, after: dict, X: np.ndarray, Y: np.ndarray, i: int):
    """(the x without its 1 and the y that the body used, as rows; whether the 1 is last)."""
    if _gathered(loop):
        return X, Y, False
    x = y = None
    last = False
    for name in _own(loop):  # what was assigned last counts
        role, value = ROLE.get(plain(name)), after.get(name, given.get(name))
        rows, at_end = _rows(value, X.shape[1], one=True)
        if rows is not None and (role == "x" or (x is None and _places(rows, X))):
            x, last = rows, at_end
        rows, _ = _rows(value, Y.shape[1], one=False)
        if rows is not None and _places(rows, Y) and (role == "y" or y is None):
            y = rows
    if x is None:
        x = X if _whole(loop) else X[i : i + 1]
    places = _places(x, X)
    y = Y[places] if places else Y[i : i + 1] if y is None else y
    if len(x) != len(y):
        raise Crashed(f"expected one target for each sample, got {len(x)} and {len(y)}")
    return x, y, last


def _own(loop: Loop) -> dict[str, None]:
    """The names that the loop assigns, in the order in which it does so for the last time."""
    own = dict.fromkeys(loop.counters)
    for statement in loop.body:
        for name in sorted(stores(statement)):
            own.pop(name, None)
            own[name] = None
    return own


def _gathered(loop: Loop) -> bool:
    """Whether the body runs over the samples itself, and adds up their gradients."""
    inner = [n for s in loop.body for n in ast.walk(s) if isinstance(n, ast.For | ast.While)]
    return any(ROLE.get(plain(name)) == "x" for one in inner for s in one.body for name in stores(s)
               if not _row_by_row(one, name))  # fmt: skip


def _row_by_row(loop: ast.For | ast.While, name: str) -> bool:
    """Whether the loop fills a vector entry by entry."""
    whole = [n for s in loop.body for n in ast.walk(s) if isinstance(n, ast.Name)]
    return not any(n.id == name and isinstance(n.ctx, ast.Store) for n in whole)


def _rows(value: Any, width: int, *, one: bool) -> tuple[np.ndarray | None, bool]:
    """An array as rows of this width, or None; whether a 1 was taken off at the end of each."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf" or value.ndim > 2:
        return None, False
    rows = np.atleast_2d(value).astype(float)
    for way in (rows, rows.T):
        if way.shape[1] == width:
            return way, False
        if one and way.shape[1] == width + 1 and (way[:, 0] == 1).all():
            return way[:, 1:], False
        if one and way.shape[1] == width + 1 and (way[:, -1] == 1).all():
            return way[:, :-1], True
    return None, False


def _places(rows: np.ndarray, known: np.ndarray) -> list[int]:
    """Where the rows are among the known ones; empty if one is not."""
    found = [np.flatnonzero((known == row).all(axis=1)) for row in rows]
    return [int(at[0]) for at in found] if all(map(len, found)) else []


def _whole(loop: Loop) -> bool:
    """Whether the body uses all data at once: an x that is read without an index."""
    nodes = [n for s in loop.body for n in ast.walk(s)]
    indexed = {id(n.value) for n in nodes if isinstance(n, ast.Subscript)}
    indexed |= {id(n.value) for n in nodes if isinstance(n, ast.Attribute) and n.attr != "T"}
    calls = [n for n in nodes if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "len"]
    counted = {id(a) for n in calls for a in n.args}
    data = {n for n in loop.reads if role_of_data(n) == "x" and n not in loop.counters}
    return any(
        isinstance(n, ast.Name) and n.id in data and id(n) not in indexed | counted for n in nodes
    )


def _judge(loop, network, reduction, steps: list[Step], way: Way, again) -> tuple[Check, ...]:
    """The verdicts on these runs of the body; `again` runs it a rounding error away."""
    batch = steps[0].x.shape[0] > 1
    mean = batch and reduction == "mean"
    points, moves, last = _moves(network, mean, steps)
    there = [stage for stage in moves if moves[stage].any() or changes(loop, stage)]
    if not there:
        raise Unfinished
    moves = {stage: moves[stage] for stage in there}
    runs = [s.names for s in steps]
    etas = step_sizes(loop, runs, steps[0].eta, quantities(network, points, mean=mean), moves)

    def claimed(steps):
        points, moves, _ = _moves(network, mean, steps)
        right = quantities(network, points, mean=mean, eta=etas["dV"] or ETA)
        claims, deltas = {s: moves[s] / etas[s] for s in there if etas[s]}, _deltas(steps, right)
        alone, shares = without_decay(right, claims | deltas)
        claims = {stage: alone[stage] for stage in claims}
        return right, claims | _at_their_word(right, claims, deltas), shares

    right, claims, shares = claimed(steps)
    checks = judge(NAME, right, claims, CATALOGUE, lambda: claimed(again())[:2])
    checks = decay_said(checks, shares)
    still = [_still(stage) for stage in there if not etas[stage]]
    missing = [_missing(stage) for stage in STAGES if stage not in there]
    samples = "columns" if way.columns else "rows" if batch else "one-sample"
    notes = [*last, convention(samples), *([convention(reduction)] if batch else [])]
    return remarked((*checks, *still, *missing), *notes, _step_size(etas["dV"]))


def _step_size(eta: float) -> Note:
    words = Words(f"the step size at this step is {eta:.4g}", f"このステップの η は {eta:.4g}")
    return Note("step-size", words)


def _missing(stage: str) -> Check:
    words = Words("is not updated yet", "まだ更新されていません")
    return Check(NAME, stage, "unfinished", remarks=(Note("unfinished", words),))


def _still(stage: str) -> Check:
    words = Words(
        "The step size is 0 at this step (does a // cut off its decimals?): nothing is updated.",
        "このステップの η が 0 なので、何も更新されません (// は小数を切り捨てます)。",
    )
    hint = Words("Look again at how the step size is computed.", "η の計算を見直してください。")
    return Check(NAME, stage, "wrong", diagnosis=(Note("eta-zero", words, hint),))


def _bias_in_front(network: Network, points: Points, moved: dict, mean: bool):
    """(points, moves, remarks) where x has its 1 at the end, so W its biases, and V maybe."""
    words = Words("the 1 stands at the end, and so do the biases",
                  "1 を末尾に付けており、バイアスも最後の列にあります")  # fmt: skip
    tried = []
    for V_too in (True, False):
        W, V = np.roll(points.W, 1, -1), np.roll(points.V, 1, -1) if V_too else points.V
        turned = points._replace(W=W, V=V)
        moves = {s: np.roll(m, 1, -1) if s == "dW" or V_too else m for s, m in moved.items()}
        tried.append((turned, moves, (Note("bias-last-given", words),)))
        if fitted_eta(quantities(network, turned, mean=mean), moves):
            return tried[-1]
    return tried[0]


def _moves(network: Network, mean: bool, steps: list[Step]):
    """(points, by stage how far V and W have moved, remarks): η times their gradients."""
    points = Points(*(np.stack([getattr(s, part) for s in steps]) for part in ("W", "V", "x", "y")))
    moves = {
        stage: np.stack([getattr(s, role) - s.names[f"new_{role}"] for s in steps])
        for stage, role in STAGES.items()
        if all(s.names[f"new_{role}"] is not None for s in steps)
    }
    return _bias_in_front(network, points, moves, mean) if steps[0].last else (points, moves, ())


def _deltas(steps: list[Step], right: Quantities) -> dict[str, np.ndarray]:
    """What the body calls δ2 and δ1."""
    n, found = right.x.shape[1], {}
    for stage in MADE_OF:
        size = getattr(right, stage).shape[-1]
        name = _delta_name(steps[0].names, size, n)
        if name is not None:
            values = [np.reshape(s.names[name], (n, size)).astype(float) for s in steps]
            found[stage] = np.stack(values)
    return found


def _at_their_word(right: Quantities, claims: dict, found: dict) -> dict[str, np.ndarray]:
    """The deltas whose names are to be taken at their word.

    Where the gradient made from it is right, another δ (with η in it, or before its f') is a
    name and no mistake.
    """
    if _added(right, claims, found):
        found = {stage: -claim for stage, claim in found.items()}
    if right.mean and carry_share(right, claims | found):
        found = {stage: claim * right.x.shape[1] for stage, claim in found.items()}
    return {s: claim for s, claim in found.items()
            if not _fine(right, claims, MADE_OF[s][0]) or _fine(right, found, s)}  # fmt: skip


def _added(right: Quantities, claims: dict, found: dict) -> bool:
    """Whether the deltas are y − g and what comes of it, and are added: the same step."""
    if not found:
        return False
    first = next(iter(found))
    if _cosine(found[first], getattr(right, first)) >= 0:
        return False
    made = ((claims.get(s), found[d].mT @ getattr(right, fed))
            for d, (s, fed) in MADE_OF.items() if d in found)  # fmt: skip
    return any(_cosine(claim, product) < -0.5 for claim, product in made if claim is not None)


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Of the angle between two arrays of one shape; else 0."""
    if one.shape != other.shape:
        return 0.0
    size = np.linalg.norm(one) * np.linalg.norm(other)
    return float((one * other).sum() / size) if size else 0.0


def _fine(right: Quantities, claims: dict, stage: str) -> bool:
    claim = claims.get(stage)
    return claim is not None and same(claim, getattr(right, stage), tolerance(claim))


def _delta_name(names: dict[str, Any], size: int, n: int) -> str | None:
    """The name of the only array that is called a delta and has this size."""
    shapes = ((1, size), (size,), (size, 1)) if n == 1 else ((n, size),)
    deltas = [n for n in names if "delta" in plain(n) or plain(n) in ("d1", "d2")]
    arrays = {n: names[n] for n in deltas if isinstance(names[n], np.ndarray)}
    found = [n for n, v in arrays.items() if v.shape in shapes and v.dtype.kind == "f"]
    return found[0] if len(found) == 1 else None
