"""The small functions of a file, f, f', softmax and the losses, called and judged."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from jaxmlp.verify import pieces
from jaxmlp.verify.calling import Subject, array, convention, stacked
from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.ending import ended, farther
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.judge.stages import judge
from jaxmlp.verify.names import plain
from jaxmlp.verify.names import words as table
from jaxmlp.verify.pieces import Piece
from jaxmlp.verify.run.outcome import Crashed, Unfinished

TARGETS = table("t ti tn target targets ytrue label labels teacher onehot truth trueval d yt")
OUTPUTS = table(
    "g gi p yhat ypred ypredict predict pred prediction probs prob out output o f fi a a2 z2 z3 x h"
)
LOGITS = table("u z logit logits score scores unnormalized")
FROM_OUTPUT = frozenset(("sigmoid-slope-of-x", "tanh-slope-of-x"))
GUARDS = frozenset(("log-eps", "log-clip"))
OUTPUT_NAMES = table("y z h s o g f fx fu out output act activation activated sig")
TAKES_LOGITS = Note(
    "takes-logits",
    Words(
        "takes a, and computes the output g from it by itself",
        "a を受け取り、出力 g は関数の中で計算しています",
    ),
)
LOGITS_OF = {  # some a of which these g are the softmax, or the sigmoid
    "cross_entropy": lambda g: np.log(g) + 3 * g[..., :1] + 0.7,
    "binary_cross_entropy": lambda g: np.log(g) - np.log1p(-g),
}
MEAN_OF_OUTPUTS = Note(
    "mean-of-outputs",
    Words("the mean over the outputs, too", "出力についても平均を取っています"),
)
WITH_HALF = Note(
    "with-half", Words("with a factor ½, which L8 has not", "L8 にはない係数 ½ が付いています")
)
TAKES_OUTPUT = Note(
    "takes-output",
    Words(
        "takes f(x), not x: f' in terms of f", "x でなく f(x) を受け取り、f' を f で表しています"
    ),
)
STAGE = {"activation": "value", "softmax": "value", "derivative": "derivative", "loss": "loss"}


def check_piece(subject: Subject, kind: Piece) -> tuple[Check, ...]:
    """A check of a small function; two, where it gives (f, f')."""
    way = {"loss": _loss, "softmax": _softmax}.get(kind.kind, _activation)
    return ended(subject, STAGE[kind.kind], lambda: way(subject, kind))


def _judged(subject, kind, given, claim, again: Callable | None = None, key="u") -> Check:
    """One quantity of a small function; `again` calls it at other points."""

    def nearby():
        move = 1 + 3e-7 * np.random.default_rng(1).normal(size=given[key].shape)
        near = given | {key: given[key] * move}
        claimed = again(near[key])
        return pieces.quantities(kind, near, claimed), {STAGE[kind.kind]: claimed}

    stage = STAGE[kind.kind]
    right = pieces.quantities(kind, given, claim)
    return judge(subject.name, right, {stage: claim}, pieces.slips(kind),
                 nearby if again else None, stages=(stage,))[0]  # fmt: skip


def _activation(subject: Subject, kind: Piece) -> tuple[Check, ...]:
    given = pieces.points(kind)
    call, scalar = _elementwise(subject, given["u"])
    results = call(given["u"])
    if len(results) > 2:
        raise Crashed(f"expected f(x), or (f(x), f'(x)), got {len(results)} results")
    if kind.kind == "derivative":
        plainly, call = call, lambda u: [_for_each(one, u) for one in plainly(u)]
        results = call(given["u"])
    both = kind.kind == "activation" and len(results) == 2
    parts = 2 if both and not _kept(results[1], given["u"], results[0]) else 1
    kinds = (kind, Piece("derivative", kind.of))[:parts]
    checks = []
    for number, one in enumerate(kinds):
        check = _judged(subject, one, given, results[number], lambda u, k=number: call(u)[k])
        check = _of_output(check, subject)
        checks.append(_probed(check, one, lambda u, k=number: call(u)[k]))
    if scalar:
        words = Words(
            "works on one number at a time, not on arrays",
            "配列でなく 1 つの数だけを受け取る関数です",
        )
        checks[0] = replace(checks[0], remarks=(Note("scalar-only", words), *checks[0].remarks))
    return tuple(checks)


def _kept(result: np.ndarray, *known: np.ndarray) -> bool:
    """Whether it is no slope, but what a backward pass will need: u, or f(u), or both."""
    return any(result.shape != one.shape or np.array_equal(result, one) for one in known)


def _for_each(result: np.ndarray, u: np.ndarray) -> np.ndarray:
    """f'(u) for each entry, where one number is given for all, as a linear f has one."""
    return np.broadcast_to(result[..., None], u.shape) if result.shape == u.shape[:-1] else result


def _of_output(check: Check, subject: Subject) -> Check:
    """f' written in terms of f(x), by a parameter that says so: y(1 − y)."""
    ids = {note.id for note in check.diagnosis}
    if not ids & FROM_OUTPUT or plain(subject.parameters[0]) not in OUTPUT_NAMES:
        return check
    return Check(check.name, check.stage, "right", check.line, remarks=(TAKES_OUTPUT,))


def _elementwise(subject: Subject, u: np.ndarray) -> tuple[Callable, bool]:
    """(a function of (points, k) that gives such arrays, whether it takes numbers only)."""

    def vectors(u):
        return _parts([_result(subject, [np.array(row)]) for row in u])

    def numbers(u):
        rows = [[_result(subject, [float(number)]) for number in row] for row in u]
        return [np.stack(part) for part in zip(*map(_parts, rows), strict=True)]

    try:
        if all(part.shape == u.shape for part in vectors(u)):
            return vectors, False
    except Crashed as why:
        try:
            numbers(u[:1])
        except Crashed:
            raise why from None
        return numbers, True
    return vectors, False


def _result(subject: Subject, args: list) -> object:
    result = subject.call(args)[0]
    if result is None:
        raise Unfinished
    return result


def _parts(results: Sequence[object]) -> list[np.ndarray]:
    """Results of one array each, or of a pair, stacked."""
    pairs = [r if isinstance(r, tuple) else (r,) for r in results]
    return stacked([[array(r) for r in pair] for pair in pairs])


def _probed(check: Check, kind: Piece, call: Callable) -> Check:
    """What a right function does far from 0, and at 0."""
    if check.verdict != "right":
        return check
    far = np.array([[-1000.0, 1000.0, -800.0, 800.0, 1.0]])
    if not _all_finite(call, far):
        return _overflows(check, "overflow", Words(
            "The formula is right, but it overflows at large inputs.",
            "式は正しいのですが、入力が大きいとオーバーフローします。"))  # fmt: skip
    if kind == Piece("derivative", "relu") and _at_zero(call) != 0:
        words = Words("another subgradient at exactly 0 than 0: a matter of convention",
                      "ちょうど 0 での劣微分が 0 ではありません (流儀の違いです)")  # fmt: skip
        return replace(check, remarks=(*check.remarks, Note("kink", words)))
    return check


def _all_finite(call: Callable, u: np.ndarray) -> bool:
    try:
        return bool(np.isfinite(call(u)).all())
    except Crashed:  # math.exp raises OverflowError
        return False


def _at_zero(call: Callable) -> float:
    return float(np.ravel(call(np.zeros((1, 5))))[0])


def _overflows(check: Check, id: str, words: Words) -> Check:
    hint = Words(
        "Try it on large inputs, 1000 say.", "大きな入力 (たとえば 1000) で試してみてください。"
    )
    # The error at small inputs is none of those that are spoken of.
    note = Note(id, words, hint, "L6")
    return replace(check, verdict="imprecise", relative_error=None, diagnosis=(note,))


def _softmax(subject: Subject, kind: Piece) -> tuple[Check, ...]:
    rng = np.random.default_rng(0)
    batch = rng.uniform(0.1, 2.5, size=(2, 7, 5)) * rng.choice([-1, 1], size=(2, 7, 5))
    ways = {
        "one-sample": (pieces.points(kind)["u"], lambda u: u),
        "rows": (batch, lambda u: u),
        "columns": (batch, lambda u: u.T),
        "square": (batch[:, :5], lambda u: u),
    }
    if "".join(subject.parameters[:1])[:1].isupper():
        ways = {way: ways[way] for way in ("rows", "columns", "one-sample", "square")}
    crash, tried = None, []
    for way, (u, turn) in ways.items():

        def call(u, turn=turn):
            results = [_first(_result(subject, [np.array(turn(one))])) for one in u]
            return _parts([turn(array(one)) for one in results])[0]

        try:
            check = _judged(subject, kind, {"u": u}, call(u), call)
        except Crashed as why:
            crash = farther(crash, why)
            continue
        tried.append((way, u, call, check))
        if check.verdict == "right":
            break
    if not tried:
        raise crash
    way, u, call, check = next((one for one in tried if one[3].verdict == "right"), tried[0])
    said = () if way == "square" else (convention(way),)
    check = replace(check, remarks=(*said, *check.remarks))
    if check.verdict == "right" and not _all_finite(call, u + 1000):
        return (_overflows(check, "softmax-not-shifted", Words(
            "The formula is right, but it overflows at large inputs: "
            "subtract the maximum, e^(x − max x).",
            "式は正しいのですが、入力が大きいとオーバーフローします。"
            "最大値を引いて e^(x − max x) とします。")),)  # fmt: skip
    return (check,)


def _first(result: object) -> object:
    """Of (g, what a backward pass will need) the output."""
    return result[0] if isinstance(result, tuple) and len(result) == 2 else result


def _loss(subject: Subject, kind: Piece) -> tuple[Check, ...]:
    given = pieces.points(kind)
    names = (*subject.parameters, "", "")[:2]
    first, second = map(plain, names)
    likely = first[:1] in ("y", "t") and first not in OUTPUTS and second in OUTPUTS
    exchanged = second not in TARGETS and (first in TARGETS or likely)

    def call(g, y):
        return array(
            _result(
                subject, [np.array(y), np.array(g)] if exchanged else [np.array(g), np.array(y)]
            )
        )

    check, crash = None, None
    batches = all(name[:1].isupper() for name in names)
    ways = (_batch, _single, _columns) if batches else (_single, _batch, _columns)
    forms = [(call, ()), *_other_forms(call, kind, second if exchanged else first)]
    for (called, more), way in product(forms, ways):
        at = lambda g, way=way, called=called: way(called, given | {"g": g}, kind)[0]  # noqa: E731
        try:
            found, said = way(called, given, kind)
        except Crashed as why:
            crash = farther(crash, why)
            continue
        one = _guarded(_judged(subject, kind, given, found, at, "g"))
        if check is None or one.verdict == "right":
            check = replace(one, remarks=(*more, *said, *one.remarks))
        if one.verdict == "right":
            break
    if check is None:
        raise crash
    if exchanged:
        words = Words(
            "takes the target first, then the output", "教師ベクトル、出力の順に受け取ります"
        )
        check = replace(check, remarks=(Note("target-first", words), *check.remarks))
    return (check,)


def _other_forms(
    call: Callable, kind: Piece, output: str
) -> Iterator[tuple[Callable, tuple[Note, ...]]]:
    """The same function of g, where it is written in another way that is no mistake."""
    if kind.of in ("squared_error", "mean_squared_error"):
        yield lambda g, y: np.asarray(2 * call(g, y)), (WITH_HALF,)
    if kind.of == "binary_cross_entropy":
        yield lambda g, y: np.asarray(g.shape[-1] * call(g, y)), (MEAN_OF_OUTPUTS,)
    if kind.of in LOGITS_OF and output in LOGITS:
        yield lambda g, y: call(LOGITS_OF[kind.of](g), y), (TAKES_LOGITS,)


def _guarded(check: Check) -> Check:
    """An ε that keeps the logarithm from 0 is no mistake, and is said."""
    ids = {note.id for note in check.diagnosis}
    if not ids or not ids <= GUARDS:
        return check
    notes = (replace(note, hint=None) for note in check.diagnosis)
    said = (*check.remarks, *notes)
    return Check(check.name, check.stage, "right", check.line, remarks=said)


def _single(call: Callable, given: dict, kind: Piece) -> tuple[np.ndarray, tuple[Note, ...]]:
    """One sample at a time."""
    found = np.stack([call(g, y) for g, y in zip(given["g"], given["y"], strict=True)])
    if found.ndim > 1 and found[0].size == 1:
        found = found.reshape(-1)
    if kind.of == "binary_cross_entropy" and found.shape == given["g"].shape:
        words = Words("one number for each output", "出力ごとに 1 つの値を返します")
        return found.sum(axis=-1), (Note("per-output", words),)
    return found, (convention("one-sample"),)


def _columns(call: Callable, given: dict, kind: Piece) -> tuple[np.ndarray, tuple[Note, ...]]:
    """A batch of columns, likewise."""
    found, (_, *said) = _batch(lambda g, y: call(g.T, y.T), given, kind)
    return found, (convention("columns"), *said)


def _batch(call: Callable, given: dict, kind: Piece) -> tuple[np.ndarray, tuple[Note, ...]]:
    """A batch of rows, whose errors are added, averaged or kept apart."""
    g, y = given["g"], given["y"]
    found = call(g, y)
    if found.shape == (len(g),):
        return found, (convention("rows"),)
    expected = pieces.quantities(kind, given, found).loss
    for name, total in (("mean", expected.mean()), ("sum", expected.sum())):
        if found.size == 1 and same(found.reshape(1), np.array([total]), tolerance(found)):
            return expected, (convention("rows"), convention(name))
    # A batch of one row thrice over has that row's E as its mean.
    each = [
        call(np.repeat(g[i : i + 1], 3, axis=0), np.repeat(y[i : i + 1], 3, axis=0))
        for i in range(len(g))
    ]
    return np.stack(each).reshape(len(g), -1)[:, 0], (convention("rows"), convention("mean"))
