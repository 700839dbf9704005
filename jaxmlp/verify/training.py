"""The body of a training loop, run once on synthetic data under the names it reads."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify.calling import (
    ROLE,
    Crashed,
    Died,
    Subject,
    TimedOut,
    Unfinished,
    convention,
    plain,
)
from jaxmlp.verify.check import EQUAL, ETA, confirmed_points, crashed, timeout, unfinished
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.judge import judge
from jaxmlp.verify.mistakes import CATALOGUE, quantities
from jaxmlp.verify.points import Points, Sizes, draw, with_one
from jaxmlp.verify.runner import Runner
from jaxmlp.verify.source import Loop

NAME = "training loop"
EXERCISE = Sizes(784, 200, 4, n=11, draws=1)  # scripts have these numbers written into them
EPOCH = 2  # neither 0 nor 1, by which some scripts divide
SAMPLES = (3, 0, 8)
BATCH = 5


class Way(NamedTuple):
    """How the data are put in: with a 1 in front, with numbers for classes, in a file's row."""

    one: bool
    labels: bool
    extra: int


class Step(NamedTuple):
    """One run of the body: what it was given and what it left."""

    W: np.ndarray
    V: np.ndarray
    x: np.ndarray
    y: np.ndarray
    eta: float
    names: dict[str, Any]


def check_loop(
    runner: Runner, loop: Loop, network: Network, reduction: str, seed: int
) -> tuple[Check, ...]:
    """A check for δ2, ∂E/∂V, δ1 and ∂E/∂W, as far as the loop has them (L12, L22)."""
    subject = Subject(NAME, lambda args: (None, args), (), line=loop.line)
    try:
        return _checked(runner, loop, network, reduction, seed)
    except Unfinished:
        return (unfinished(subject, "update"),)
    except TimedOut as late:
        return (timeout(subject, "update", late),)
    except (Crashed, Died) as why:
        return (crashed(subject, "update", why),)


def _checked(runner, loop, network, reduction, seed) -> tuple[Check, ...]:
    crash = None
    for sizes in (Sizes(), EXERCISE, *EQUAL):
        points = confirmed_points(network, seed) if sizes == Sizes() else draw(network, sizes)
        for way in _ways(loop):
            try:
                steps = [_run(runner, loop, points, sizes, way, at, i)
                         for at in range(sizes.draws) for i in SAMPLES]  # fmt: skip
            except Crashed as why:
                crash = crash or why
                continue
            checks = _judge(loop, network, reduction, steps)
            if sizes in EQUAL and crash is not None:
                note = Note("crashes-at-unequal-sizes", Words(
                    f"crashes at unequal sizes ({crash}); judged at equal ones",
                    f"サイズが異なると実行時エラーになります ({crash})。等しいサイズで判定しました"))  # fmt: skip
                checks = (replace(checks[0], remarks=(note, *checks[0].remarks)), *checks[1:])
            return checks
    raise crash


def _ways(loop: Loop) -> Iterator[Way]:
    extras = (2, 1, 0) if loop.reader else (0,)
    for extra in extras:
        for labels in (False, True):
            for one in (False, True):
                yield Way(one, labels, extra)


def _run(runner, loop, points: Points, sizes: Sizes, way: Way, at: int, i: int) -> Step:
    """The body, run at sample i with this draw of the parameters."""
    W, V, X, Y = (part[at] for part in points)
    given = _names(loop, W, V, X, Y, sizes, way, i)
    apart = "b" in loop.params or "c" in loop.params
    after = runner.run(
        str(loop.line), given, {"d": sizes.d, "q": sizes.q, "m": sizes.m, "n": sizes.n}
    )
    x, y = _sample(after, X, Y, i)
    new = {role: after.get(name, given.get(name)) for role, name in loop.params.items()}
    new_W, new_V = _matrix(new, "W", "b", W, apart), _matrix(new, "V", "c", V, apart)
    for old, now in ((W, new_W), (V, new_V)):
        if now is not None and now.shape != old.shape:
            raise Crashed(
                f"expected parameters of shape {old.shape}, got {now.shape} after the update"
            )
    return Step(
        W, V, x, y, _eta(loop, {**given, **after}), {**after, "new_W": new_W, "new_V": new_V}
    )


def _matrix(new: dict, matrix: str, bias: str, old: np.ndarray, apart: bool) -> np.ndarray | None:
    if matrix not in new:
        return None
    value = np.asarray(new[matrix], float)
    if apart and bias in new:
        return np.concatenate([np.reshape(new[bias], (-1, 1)), value], axis=1)
    return value


def _names(loop: Loop, W, V, X, Y, sizes: Sizes, way: Way, i: int) -> dict[str, Any]:
    """A value for each name that the body reads, as its name and place say what it is."""
    apart = "b" in loop.params or "c" in loop.params
    params = {
        "W": W[:, 1:] if apart else W,
        "V": V[:, 1:] if apart else V,
        "b": W[:, 0],
        "c": V[:, 0],
    }
    rows = with_one(X) if way.one else X
    targets = Y.argmax(axis=1) if way.labels else Y
    label = Y[i].argmax() if Y[i].max() == 1 else 0
    given = {name: np.array(params[role]) for role, name in loop.params.items()}
    for name in loop.reads:
        if name not in given:
            value = _value(name, loop, rows, targets, sizes, i, params)
            if value is not None:
                given[name] = value
    if loop.reader:
        given["__sample__"] = np.concatenate([np.full(way.extra, float(label)), rows[i]])
    return given


def _value(name, loop, rows, targets, sizes: Sizes, i: int, params) -> Any:
    short = plain(name)
    role = ROLE.get(short) or next(
        (
            r
            for end in ("train", "data", "all", "tr")
            for r in [ROLE.get(short.replace(end, ""))]
            if r
        ),
        None,
    )
    in_head = name in loop.counters
    if in_head and role in ("x", "y") and len(short) > 0:
        return (rows if role == "x" else targets)[i]
    if in_head:
        return EPOCH if "epoch" in short or short in ("t", "iter", "itr", "iteration", "ep") else i
    if short in ("d", "q", "m", "n", "ntrain", "numtrain"):
        return {"d": sizes.d, "q": sizes.q, "m": sizes.m}.get(short, sizes.n)
    if role in ("x", "y"):
        return rows if role == "x" else targets
    if role in ("W", "V", "b", "c"):
        return np.array(params[role])
    if role == "eta":
        return ETA
    if short in (
        "index",
        "idx",
        "indices",
        "perm",
        "order",
        "permutation",
        "randidx",
        "batchmask",
        "mask",
    ):
        return np.arange(i, i + BATCH) % len(rows) if "mask" in short else np.arange(len(rows))
    if "batch" in short and "size" in short:
        return BATCH
    return None


def _sample(after: dict[str, Any], X: np.ndarray, Y: np.ndarray, i: int):
    """The x, without its 1, and the y that the body really used, each as rows."""
    x = y = None
    for name, value in after.items():
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
            continue
        rows = np.atleast_2d(value).astype(float)
        bare = rows[:, 1:] if rows.shape[1] == X.shape[1] + 1 and (rows[:, 0] == 1).all() else rows
        role = ROLE.get(plain(name))
        if bare.shape[1] == X.shape[1] and (_among(bare, X) or (role == "x" and x is None)):
            x = bare
        if rows.shape[1] == Y.shape[1] and _among(rows, Y) and (y is None or role == "y"):
            y = rows
    x = X[i : i + 1] if x is None else x
    y = Y[i : i + 1] if y is None else y
    if len(x) != len(y):
        raise Crashed(f"expected one target for each sample, got {len(x)} and {len(y)}")
    return x, y


def _among(rows: np.ndarray, known: np.ndarray) -> bool:
    return all((known == row).all(axis=1).any() for row in rows)


def _eta(loop: Loop, names: dict[str, Any]) -> float:
    """The step size: eta_t before eta, and 1 where there is none."""
    found = {
        n: v for n, v in names.items() if ROLE.get(plain(n)) == "eta" and isinstance(v, float | int)
    }
    best = sorted(
        found, key=lambda n: (len(plain(n)) < 4 or "t" not in plain(n)[-1:], n not in loop.reads)
    )
    return float(found[best[0]]) if best else 1.0


def _judge(loop, network, reduction, steps: list[Step]) -> tuple[Check, ...]:
    stacked = [np.stack([getattr(s, part) for s in steps]) for part in ("W", "V", "x", "y")]
    points = Points(*stacked)
    batch = points.x.shape[1] > 1
    eta = steps[0].eta
    right = quantities(network, points, mean=batch and reduction == "mean", eta=eta)
    claims, missing = _claims(steps, eta, points)
    checks = judge(NAME, right, claims, CATALOGUE)
    said = [convention("rows" if batch else "one-sample")] + (
        [convention(reduction)] if batch else []
    )
    note = Note(
        "step-size",
        Words(f"the step size at this step is {eta:.4g}", f"このステップの η は {eta:.4g}"),
    )
    checks = (replace(checks[0], remarks=(*said, note, *checks[0].remarks)), *checks[1:])
    words = Words("is not updated yet", "まだ更新されていません")
    more = [
        Check(NAME, stage, "unfinished", remarks=(Note("unfinished", words),)) for stage in missing
    ]
    return tuple(replace(one, line=loop.line) for one in (*checks, *more))


def _claims(steps: list[Step], eta: float, points: Points):
    """(the claims, the stages that the loop does not have yet)."""
    claims, missing = {}, []
    for stage, old, new in (("dV", "V", "new_V"), ("dW", "W", "new_W")):
        if any(s.names[new] is None for s in steps):
            missing.append(stage)
            continue
        claims[stage] = np.stack([(getattr(s, old) - s.names[new]) / eta for s in steps])
        if not claims[stage].any():
            del claims[stage]
            missing.append(stage)
    if not claims:
        raise Unfinished
    q, m, n = points.W.shape[1], points.V.shape[1], points.x.shape[1]
    for stage, size in (("delta2", m), ("delta1", q)):
        name = _delta_name(steps[0].names, size, n)
        if name is not None:
            claims[stage] = np.stack(
                [np.reshape(s.names[name], (n, size)).astype(float) for s in steps]
            )
    return claims, missing


def _delta_name(names: dict[str, Any], size: int, n: int) -> str | None:
    """The name of the only array that is called a delta and has this size."""
    found = [name for name, value in names.items()
             if ("delta" in plain(name) or plain(name) in ("d1", "d2")) and isinstance(value, np.ndarray)
             and value.shape in ((size,), (n, size)) and value.dtype.kind == "f"]  # fmt: skip
    return found[0] if len(found) == 1 else None
