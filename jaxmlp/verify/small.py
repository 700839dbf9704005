"""The small functions of a file, f, f', softmax and the losses, called and judged."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from jaxmlp.verify import pieces
from jaxmlp.verify.calling import Subject, array, convention, stacked
from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.ending import attempts, best, ended
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.given import F
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.stages import judge_stages
from jaxmlp.verify.names import PREDICTIONS, TARGET, TARGETS, plain_name
from jaxmlp.verify.names import words as table
from jaxmlp.verify.pieces import STAGE, Piece
from jaxmlp.verify.program import Quantities
from jaxmlp.verify.run.outcome import Crashed
from jaxmlp.verify.slips import of_output, slips

LOGITS = table("u z logit logits score scores unnormalized")
GUARD_NOTES = frozenset(("log-eps", "log-clip"))
OUTPUT_NAMES = table("y z h s o g f fx fu out output act activation activated sig")
TAKES_LOGITS = Note("takes-logits", Words(
    "takes a, and computes the output g from it by itself",
    "a を受け取り、出力 g は関数の中で計算しています"))  # fmt: skip
LOGITS_OF = {  # some a of which these g are the softmax, or the sigmoid
    "cross_entropy": lambda g: np.log(g) + 3 * g[..., :1] + 0.7,
    "binary_cross_entropy": lambda g: np.log(g) - np.log1p(-g),
}
LIKE = 1e-5  # of E, with an ε beside g
TAKES_LABELS = Note("takes-labels", Words(
    "takes the number of each sample's class in place of y",
    "y の代わりにクラスの番号を受け取ります"))  # fmt: skip
BINARY_LOSS = Note("binary", Words(
    "the binary cross-entropy, in which each output is by itself",
    "二値クロスエントロピーです (出力を 1 つずつ独立に扱います)"))  # fmt: skip
MEAN_OF_OUTPUTS = Note("mean-of-outputs", Words(
    "the mean over the outputs, too", "出力についても平均を取っています"))  # fmt: skip
HALF_OF_SUM = Note("half-of-sum", Words(
    "E is ½ Σ (g − y)², no mean as its name says",
    "E は ½ Σ (g − y)² で、名前と違い平均ではありません"))  # fmt: skip
WITH_HALF = Note("with-half", Words(
    "with a factor ½, which L8 has not", "L8 にはない係数 ½ が付いています"))  # fmt: skip


NamedArrays = dict[str, np.ndarray]
ErrorFunction = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (g, y) to E
# of calling one
Way = Callable[[ErrorFunction, NamedArrays, Piece], tuple[np.ndarray, tuple[Note, ...]]]


def check_piece(
    subject: Subject, kind: Piece, *, softmax: bool = True, of_logits: bool = False
) -> tuple[Check, ...]:
    """A check of a small function; two, where it gives (f, f').

    Args:
        softmax: whether there may be one beside it; without one a cross-entropy may be binary.
        of_logits: whether a loss computes g from a by itself, by what it calls.
    """
    loss = functools.partial(_loss, softmax=softmax, of_logits=of_logits)
    ways: dict[str, Callable[..., tuple[Check, ...]]] = {"loss": loss, "softmax": _softmax}
    way = ways.get(kind.kind, _activation)
    return ended(subject, STAGE[kind.kind], lambda: way(subject, kind))


def judged_quantity(
    subject: Subject, kind: Piece, points: NamedArrays, claim: np.ndarray,
    again: Callable[[np.ndarray], np.ndarray], key: str = "u",
) -> Check:  # fmt: skip
    """One quantity of a small function; `again` calls it at other points."""
    stage = STAGE[kind.kind]

    def nearby() -> tuple[Quantities, dict[str, np.ndarray]]:
        move = 1 + 3e-7 * np.random.default_rng(1).normal(size=points[key].shape)
        near = points | {key: points[key] * move}
        claimed = again(near[key])
        return pieces.piece_quantities(kind, near, claimed), {stage: claimed}

    right = pieces.piece_quantities(kind, points, claim)
    return judge_stages(subject.name, right, {stage: claim}, slips(kind), nearby, stages=(stage,))[
        0
    ]


def _is_right(check: Check) -> bool:
    return check.verdict == "right"


def _activation(subject: Subject, kind: Piece) -> tuple[Check, ...]:
    points = pieces.points(kind)
    if kind.kind == "derivative" and len(subject.parameters) == 2 and _asks_for_two(subject):
        subject = _slope_of(subject, points["u"][0])
    call, scalar = _elementwise(subject, points["u"])
    results = call(points["u"])
    if len(results) > 2:
        raise Crashed(f"expected f(x), or (f(x), f'(x)), got {len(results)} results")
    if kind.kind == "derivative":
        plainly, call = call, lambda u: [_for_each(one, u) for one in plainly(u)]
        results = call(points["u"])
    both = kind.kind == "activation" and len(results) == 2
    parts = 2 if both and not _kept(results[1], points["u"], results[0]) else 1
    kinds = (kind, Piece("derivative", kind.of))[:parts]
    checks = []
    for number, one in enumerate(kinds):
        again = functools.partial(lambda number, u: call(u)[number], number)
        check = judged_quantity(subject, one, points, results[number], again)
        named = one.kind == "derivative" and _is_output(*map(plain_name, subject.parameters[:2]))
        if named and not _is_right(check):  # y(1 − y)
            check = _of_f(subject, one, points, again) or check
        checks.append(_probed(check, one, again))
    if scalar:
        words = Words("works on one number at a time, not on arrays",
                      "配列でなく 1 つの数だけを受け取る関数です")  # fmt: skip
        checks[0] = replace(checks[0], remarks=(Note("scalar-only", words), *checks[0].remarks))
    return tuple(checks)


def _is_output(name: str = "", pulling: str = "") -> bool:
    """Whether what f' is given is f(u) by its name, alone or beside that of its gradient, dA."""
    return name in OUTPUT_NAMES or (pulling == f"d{name}" and name not in {"x", *LOGITS})


def _of_f(
    subject: Subject, kind: Piece, points: NamedArrays, call: Callable[[np.ndarray], np.ndarray]
) -> Check | None:
    """The check of f' that gets f(u) in place of u, if it is right so; else None."""
    of_f = lambda u: call(np.asarray(F[kind.of](u)))  # noqa: E731
    check = judged_quantity(subject, kind, points, of_f(points["u"]), of_f)
    return of_output(check) if _is_right(check) else None


def _asks_for_two(subject: Subject) -> bool:
    """Whether it stops where it gets one number alone."""
    try:
        subject.call([1.0])
    except Crashed:
        return True
    return False


def _slope_of(subject: Subject, u: np.ndarray) -> Subject:
    """f'(u) of a function that gives ∂E/∂u, from ∂E/∂f(u) and u, in which order it may be.

    Raises:
        Crashed: it is in none that is linear in ∂E/∂f(u), and goes entry by entry.
    """

    def whole(*args: np.ndarray) -> np.ndarray:
        return array(subject.call([np.copy(arg) for arg in args])[0])

    def rows(*args: np.ndarray) -> np.ndarray:
        return whole(*(arg[None] for arg in args)).reshape(-1)

    def one_by_one(*args: np.ndarray) -> np.ndarray:
        pairs = np.stack(args, axis=-1).tolist()
        return np.stack([array(subject.call(pair)[0]) for pair in pairs])

    for call, first in product((whole, rows, one_by_one), (True, False)):
        pulled = functools.partial(_pulled, call, first)
        with contextlib.suppress(Crashed):
            once, twice, rolled = pulled(u), pulled(u, 2.0), pulled(np.roll(u, 1))
            linear = once.shape == u.shape and once.any() and np.allclose(twice, 2 * once)
            if linear and np.allclose(rolled, np.roll(once, 1)):
                names = subject.parameters[::-1] if first else subject.parameters
                slope = lambda args, pulled=pulled: (pulled(*args), args)  # noqa: E731
                return replace(subject, call=slope, parameters=names)
    raise Crashed("expected a function of ∂E/∂f(u) and u, entry by entry")


def _pulled(
    call: Callable[..., np.ndarray], first: bool, u: np.ndarray, by: float = 1.0
) -> np.ndarray:
    """f'(u) times a number, got by a ∂E/∂f(u) of both signs, the first argument or the last."""
    signs = np.where(np.arange(u.size) % 2, -1.0, 1.0)
    result = call(by * signs, u) if first else call(u, by * signs)
    return result * signs if result.shape == u.shape else result


def _kept(result: np.ndarray, *known: np.ndarray) -> bool:
    """Whether it is no slope, but what a backward pass will need: u, or f(u), or both."""
    both = result.ndim == known[0].ndim + 1
    parts = [result[:, k] for k in range(result.shape[1])] if both else [result]
    return all(any(np.array_equal(part, quantity) for quantity in known) for part in parts)


def _for_each(result: np.ndarray, u: np.ndarray) -> np.ndarray:
    """f'(u) for each entry, where one number is given for all, as a linear f has one."""
    return np.broadcast_to(result[..., None], u.shape) if result.shape == u.shape[:-1] else result


def _elementwise(subject: Subject, u: np.ndarray) -> tuple[Callable, bool]:
    """(a function of (points, k) that gives such arrays, whether it takes numbers only)."""

    def vectors(u: np.ndarray) -> list[np.ndarray]:
        return _parts([subject.call([np.array(row)])[0] for row in u])

    def numbers(u: np.ndarray) -> list[np.ndarray]:
        rows = [[subject.call([float(number)])[0] for number in row] for row in u]
        return [np.stack(part) for part in zip(*map(_parts, rows), strict=True)]

    try:
        vectors(u)
    except Crashed as why:
        try:
            numbers(u[:1])
        except Crashed:
            raise why from None
        return numbers, True
    return vectors, False


def _parts(results: Sequence[object]) -> list[np.ndarray]:
    """Results of one array each, or of a pair, stacked."""
    pairs = [r if isinstance(r, tuple) else (r,) for r in results]
    return stacked([[array(r) for r in pair] for pair in pairs])


def _probed(check: Check, kind: Piece, call: Callable) -> Check:
    """What a right function does far from 0, and at 0."""
    if not _is_right(check):
        return check
    far = np.array([[-1000.0, 1000.0, -800.0, 800.0, 1.0]])
    if not _all_finite(call, far):
        return _overflows(check, "overflow", Words(
            "The formula is right, but it overflows at large inputs.",
            "式は正しいのですが、入力が大きいとオーバーフローします。"))  # fmt: skip
    if kind == Piece("derivative", "relu") and np.ravel(call(np.zeros((1, 5))))[0] != 0:
        words = Words("another subgradient at exactly 0 than 0: a matter of convention",
                      "ちょうど 0 での劣微分が 0 ではありません (流儀の違いです)")  # fmt: skip
        return replace(check, remarks=(*check.remarks, Note("kink", words)))
    return check


def _all_finite(call: Callable, u: np.ndarray) -> bool:
    try:
        return bool(np.isfinite(call(u)).all())
    except Crashed:  # math.exp raises OverflowError
        return False


def _overflows(check: Check, id: str, words: Words) -> Check:
    hint = Words("Try it on large inputs, 1000 say.",
                 "大きな入力 (たとえば 1000) で試してみてください。")  # fmt: skip
    # The error at small inputs is none of those that are spoken of.
    note = Note(id, words, hint, "L6")
    return replace(check, verdict="imprecise", relative_error=None, diagnosis=(note,))


def _softmax(subject: Subject, kind: Piece) -> tuple[Check, ...]:
    rng = np.random.default_rng(0)
    batch = rng.uniform(0.1, 2.5, size=(2, 7, 5)) * rng.choice([-1, 1], size=(2, 7, 5))
    ways = {"one-sample": pieces.points(kind)["u"], "rows": batch, "columns": batch}
    if "".join(subject.parameters[:1])[:1].isupper():
        ways = {way: ways[way] for way in ("rows", "columns", "one-sample")}
    ways |= {"square": batch[:, :5], "list": pieces.points(kind)["u"],
             "column": pieces.points(kind)["u"]}  # fmt: skip
    one = functools.partial(_softmax_of, subject, kind)
    tried = attempts(functools.partial(one, *way) for way in ways.items())
    check, finite = best(tried, lambda one: _is_right(one[0]))
    if _is_right(check) and not finite():
        return (_overflows(check, "softmax-not-shifted", Words(
            "The formula is right, but it overflows at large inputs: "
            "subtract the maximum, e^(x − max x).",
            "式は正しいのですが、入力が大きいとオーバーフローします。"
            "最大値を引いて e^(x − max x) とします。")),)  # fmt: skip
    return (check,)


def _softmax_of(
    subject: Subject, kind: Piece, way: str, u: np.ndarray
) -> tuple[Check, Callable[[], bool]]:
    """(the verdict on it, called in this way; whether it is finite at large inputs as well)."""

    def turn(a: np.ndarray, *, back: bool = False) -> np.ndarray:
        if way == "column":  # the first; a second one stays as it is
            return a[:, 0] if back else np.stack([a, a[::-1]], axis=1)
        return a.T if way == "columns" else a

    def output(inputs: np.ndarray) -> np.ndarray:
        result = subject.call([inputs.tolist() if way == "list" else np.array(inputs)])[0]
        outputs = array(result[0] if isinstance(result, tuple) and len(result) == 2 else result)
        if way == "column" and not np.array_equal(outputs[:, 1:], inputs[:, 1:]):
            raise Crashed("expected one column")
        return outputs  # not what goes back besides

    def call(u: np.ndarray) -> np.ndarray:
        return _parts([turn(output(turn(part)), back=True) for part in u])[0]

    check = judged_quantity(subject, kind, {"u": u}, call(u), call)
    said = () if way in ("square", "list", "column") else (convention(way),)
    return replace(check, remarks=(*said, *check.remarks)), lambda: _all_finite(call, u + 1000)


def of_outputs(subject: Subject) -> tuple[ErrorFunction, bool]:
    """(the function of g and y, whether it takes y first)."""
    names = (*subject.parameters, "", "")[:2]
    first, second = map(plain_name, names)
    likely = bool(TARGET.match(names[0])) and first not in PREDICTIONS and second in PREDICTIONS
    exchanged = second not in TARGETS and (first in TARGETS or likely)

    def call(g: np.ndarray, y: np.ndarray) -> np.ndarray:
        args = (y, g) if exchanged else (g, y)
        result = subject.call(list(map(np.array, args)))[0]
        if isinstance(result, tuple) and len(result) == 2:  # E, and ∂E/∂g
            both = result, result[::-1]
            return array(next((loss for loss, slope in both if _is_slope(slope, g, y)), result))
        return array(result)

    return call, exchanged


def _is_slope(result: object, g: np.ndarray, y: np.ndarray) -> bool:
    """Whether it is ∂E/∂g or ∂E/∂a, with any factor."""
    target = y if y.shape == g.shape else np.eye(g.shape[-1])[y]
    slope = array(result)
    factors = (multiple(slope, true) for true in (g - target, -target / g)
               if slope.shape == true.shape)  # fmt: skip
    return any(factor is not None and factor > 0 for factor in factors)


def _loss(subject: Subject, kind: Piece, *, softmax: bool, of_logits: bool) -> tuple[Check, ...]:
    call, exchanged = of_outputs(subject)
    names = (*subject.parameters, "", "")[:2]
    first, second = map(plain_name, names)
    batches = all(name[:1].isupper() for name in names)
    ways = (_batch, _single, _columns) if batches else (_single, _batch, _columns)
    logits = of_logits or (second if exchanged else first) in LOGITS
    kinds = [(kind, ()), *_other_kinds(plain_name(subject.name), kind, softmax=softmax)]
    forms = [(one, form, (*said, *more)) for one, said in kinds
             for form, more in ((call, ()), *_other_forms(call, one, logits))]  # fmt: skip
    calls = [(*form, way) for form, way in product(forms, ways)]
    if kind.of == "mean_squared_error":  # as a widely read book has it
        half = lambda g, y: np.asarray(2 * call(g, y) / g.size)  # noqa: E731
        calls.append((kind, half, (HALF_OF_SUM,), _single))
    if kind.of == "cross_entropy":
        labelled = lambda g, y: call(g, np.asarray(y.argmax(-1)))  # noqa: E731
        turned = lambda g, y: labelled(g.T, y)  # noqa: E731
        labels = ((labelled, _single), (labelled, _labelled), (turned, _labelled))
        calls += [(kind, form, (TAKES_LABELS,), way) for form, way in labels]
    one = functools.partial(_loss_of, subject)
    tried = attempts(functools.partial(one, *call) for call in calls)
    check = best(tried, _is_right)
    if exchanged:
        words = Words("takes the target first, then the output",
                      "教師ベクトル、出力の順に受け取ります")  # fmt: skip
        check = replace(check, remarks=(Note("target-first", words), *check.remarks))
    return (check,)


def _other_kinds(
    name: str, kind: Piece, *, softmax: bool
) -> Iterator[tuple[Piece, tuple[Note, ...]]]:
    """What else goes by its name: the cross-entropy of two classes, or a log loss of several."""
    if kind.of == "cross_entropy" and not softmax:
        yield Piece("loss", "binary_cross_entropy"), (BINARY_LOSS,)
    if kind.of == "binary_cross_entropy" and softmax and name.startswith("log"):
        yield Piece("loss", "cross_entropy"), ()


def _loss_of(
    subject: Subject, kind: Piece, call: ErrorFunction, said: tuple[Note, ...], way: Way
) -> Check:
    """The verdict on it, written in this form and called in this way."""
    points = pieces.points(kind)
    claim, more = way(call, points, kind)
    again = lambda g: way(call, points | {"g": g}, kind)[0]  # noqa: E731
    check = _guarded(judged_quantity(subject, kind, points, claim, again, "g"))
    return replace(check, remarks=(*said, *more, *check.remarks))


def _other_forms(
    call: ErrorFunction, kind: Piece, logits: bool
) -> Iterator[tuple[ErrorFunction, tuple[Note, ...]]]:
    """The same function of g, where it is written in another way that is no mistake."""
    if kind.of in ("squared_error", "mean_squared_error"):
        yield lambda g, y: np.asarray(2 * call(g, y)), (WITH_HALF,)
    if kind.of == "binary_cross_entropy":
        yield lambda g, y: np.asarray(g.shape[-1] * call(g, y)), (MEAN_OF_OUTPUTS,)
    if kind.of in LOGITS_OF and logits:
        yield lambda g, y: call(LOGITS_OF[kind.of](g), y), (TAKES_LOGITS,)


def _guarded(check: Check) -> Check:
    """An ε that keeps the logarithm from 0 is no mistake, and is said."""
    if not check.diagnosis or any(note.id not in GUARD_NOTES for note in check.diagnosis):
        return check
    said = (*check.remarks, *(replace(note, hint=None) for note in check.diagnosis))
    return Check(check.name, check.stage, "right", check.line, remarks=said)


def _single(
    call: ErrorFunction, points: NamedArrays, kind: Piece
) -> tuple[np.ndarray, tuple[Note, ...]]:
    """One sample at a time."""
    losses = np.stack([call(g, y) for g, y in zip(points["g"], points["y"], strict=True)])
    if losses.ndim > 1 and losses[0].size == 1:
        losses = losses.reshape(-1)
    if kind.of == "binary_cross_entropy" and losses.shape == points["g"].shape:
        words = Words("one number for each output", "出力ごとに 1 つの値を返します")
        return losses.sum(axis=-1), (Note("per-output", words),)
    return losses, (convention("one-sample"),)


def _columns(
    call: ErrorFunction, points: NamedArrays, kind: Piece
) -> tuple[np.ndarray, tuple[Note, ...]]:
    """A batch of columns, likewise."""
    losses, (_, *said) = _batch(lambda g, y: call(g.T, y.T), points, kind)
    return losses, (convention("columns"), *said)


def _labelled(
    call: ErrorFunction, points: NamedArrays, kind: Piece
) -> tuple[np.ndarray, tuple[Note, ...]]:
    """A batch of rows with the numbers of their classes; no g is so small that an ε shows.

    Raises:
        Crashed: it is no multiple of the error of each sample, nor of their sum.
    """
    y = points["y"]
    states = [points["g"].clip(0.01), points["g"][::-1].clip(0.02)]
    losses = np.stack([call(g, y) for g in states])
    each = np.stack([-np.log((g * y).sum(axis=-1)) for g in states])
    of_all = losses.shape == (len(states),)
    true = each.mean(axis=1) if of_all else each
    factor = multiple(losses, true, LIKE) if losses.shape == true.shape else None
    if factor is None:
        raise Crashed("expected the error of each sample, or their mean or sum")
    right = pieces.piece_quantities(kind, points, losses).loss
    if of_all and abs(factor / len(y) - 1) < LIKE:
        return right, (convention("rows"), convention("sum"))
    said = (convention("rows"), *([convention("mean")] if of_all else []))
    return right * (1 if abs(factor - 1) < LIKE else factor), said


def _batch(
    call: ErrorFunction, points: NamedArrays, kind: Piece
) -> tuple[np.ndarray, tuple[Note, ...]]:
    """A batch of rows, whose errors are added, averaged or kept apart."""
    g, y = points["g"], points["y"]
    losses = call(g, y)
    if losses.shape == (len(g),):
        return losses, (convention("rows"),)
    expected = pieces.piece_quantities(kind, points, losses).loss
    for name, total in (("mean", expected.mean()), ("sum", expected.sum())):
        if losses.size == 1 and same(losses.reshape(1), np.array([total]), tolerance(losses)):
            return expected, (convention("rows"), convention(name))
    # A batch of one row thrice over has that row's E as its mean.
    each = [
        call(np.repeat(g[i : i + 1], 3, axis=0), np.repeat(y[i : i + 1], 3, axis=0))
        for i in range(len(g))
    ]
    return np.stack(each).reshape(len(g), -1)[:, 0], (convention("rows"), convention("mean"))
