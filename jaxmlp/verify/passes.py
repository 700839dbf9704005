"""`forward` and `backward` of the exercise; forward passes and errors of a whole network."""

import itertools
from collections.abc import Sequence

import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify import given, pieces
from jaxmlp.verify.calling import (
    ONE,
    Subject,
    arguments,
    array,
    convention,
    conventions,
    layouts,
    plain,
    roles,
    stacked,
)
from jaxmlp.verify.claimed import points_of
from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.ending import (
    at_equal_sizes,
    ended,
    equal_sizes,
    farther,
    recognised,
    unfinished,
)
from jaxmlp.verify.finding import Check, Note, Words, remarked
from jaxmlp.verify.judge.stages import STAGES, judge
from jaxmlp.verify.mistakes import CATALOGUE, quantities
from jaxmlp.verify.pieces import Piece
from jaxmlp.verify.points import EQUAL, Points, Sizes, draw
from jaxmlp.verify.run.outcome import Crashed

SMOOTH = Network("tanh")  # its f' is neither 0 nor 1, so that nothing done to it is hidden
OF_FORWARD = ("u", "fu", "z", "a", "g")


def check_forward(subject: Subject, network: Network) -> tuple[Check, ...]:
    """The exercise's forward(x, W, …) with f handed over: z = (1, f(Wx)) and f'(Wx)."""
    return ended(subject, "z", lambda: _forward(subject, network))


def _forward(subject: Subject, network: Network) -> tuple[Check, ...]:
    name = network.hidden.name
    f, slope, pair = given.F[name], given.SLOPE[name], given.PAIR[name]
    many = len(subject.parameters) > 3
    handed = ([f, slope],) if many else ([pair], [f])
    points = points_of(network).single()
    right = quantities(network, points)
    crash = None
    for functions, column in itertools.product(handed, (False, True)):
        try:
            claims = _forward_claims(subject, points, right, functions, column)
        except Crashed as why:
            crash = farther(crash, why)
            continue
        checks = judge(subject.name, right, claims, CATALOGUE, stages=(*STAGES, "fu"))
        if column:
            words = Words("takes a sample as a column", "サンプルを列ベクトルとして受け取ります")
            checks = remarked(checks, Note("column", words))
        if claims.keys() == {"z"} and functions != [f]:
            checks = (*checks, unfinished(subject, "slope"))
        return checks
    raise crash


def _forward_claims(subject, points: Points, right, functions, column) -> dict[str, np.ndarray]:
    first, second = (plain(p) for p in subject.parameters[:2])
    weights_first = first.startswith("w") and not second.startswith("w")
    at_points = []
    for at in range(len(points.W)):
        x = right.x[at, 0]
        args = [np.array(x[:, None] if column else x), np.array(points.W[at])]
        result, _ = subject.call([*(args[::-1] if weights_first else args), *functions])
        values = result if isinstance(result, tuple) else (result,)
        at_points.append([array(v).reshape(1, -1) for v in values])
    if len(at_points[0]) > 2:
        raise Crashed(f"expected (z, f'(Wx)), got {len(at_points[0])} results")
    return dict(zip(("z", "slope"), stacked(at_points), strict=False))


def check_backward(subject: Subject) -> tuple[Check, ...]:
    """The exercise's backward(Ṽ, δ2, f'(Wx)), which gives δ1 (L22)."""
    return ended(subject, "delta1", lambda: _backward(subject))


def _backward(subject: Subject) -> tuple[Check, ...]:
    """Judged as it is called in the exercise, with Ṽ, unless only with V it is right, or runs."""
    tried, crash = _backward_at(subject, Sizes())
    if tried:
        return next((c for c in tried if c[0].verdict == "right"), tried[0])
    for sizes in equal_sizes(crash):
        for checks in filter(recognised, _backward_at(subject, sizes)[0]):
            return remarked(checks, at_equal_sizes(crash))
    raise crash


def _backward_at(subject: Subject, sizes: Sizes) -> tuple[list[tuple[Check, ...]], Crashed | None]:
    """The verdicts given Ṽ, and given V, where it does not crash; why it first crashed."""
    points = draw(SMOOTH, sizes).single()
    right = quantities(SMOOTH, points)
    tried, crash = [], None
    for whole in (False, True):
        try:
            claim = _delta1(subject, right, points.V if whole else right.V_tilde)
        except Crashed as why:
            crash = farther(crash, why)
            continue
        checks = judge(subject.name, right, {"delta1": claim}, CATALOGUE)
        tried.append(remarked(checks, V_GIVEN) if whole else checks)
    return tried, crash


V_GIVEN = Note(
    "V-given",
    Words(
        "takes V, and leaves out the bias column by itself",
        "V を受け取り、バイアスの列を関数の中で除きます",
    ),
)


def _delta1(subject: Subject, right, matrices: np.ndarray) -> np.ndarray:
    places = _places(subject.parameters)
    found = []
    for at in range(len(matrices)):
        values = {"V": matrices[at], "delta": right.delta2[at, 0], "slope": right.slope[at, 0]}
        result, _ = subject.call([np.array(values[place]) for place in places])
        value = array(result)
        vector = value.size == max(value.shape, default=1)
        found.append([value.reshape(1, -1) if vector else value])
    return stacked(found)[0]


def _places(parameters: Sequence[str]) -> list[str]:
    """Which of three parameters is the matrix, δ2 and f'(Wx): by name, or else in this order."""
    names = [plain(p) for p in parameters[:3]]
    delta = next(
        (i for i, n in enumerate(names) if "delta" in n or n in ("d", "d2", "err", "error")), 1
    )
    slopes = ("deriv", "slope", "grad", "nabla", "dz", "df", "prime")
    slope = next(
        (i for i, n in enumerate(names) if i != delta and any(s in n for s in slopes)), None
    )
    slope = max({0, 1, 2} - {delta}) if slope is None else slope
    return ["delta" if i == delta else "slope" if i == slope else "V" for i in range(3)]


def check_error(subject: Subject, network: Network, reduction: str) -> tuple[Check, ...]:
    """E(W, V, x, y) of the whole network, one number."""
    return ended(subject, "loss", lambda: _error(subject, network, reduction))


def _error(subject: Subject, network: Network, reduction: str) -> tuple[Check, ...]:
    kind = Piece("loss", network.loss.name)
    found = roles(subject.parameters)
    crash = None
    for layout in layouts(subject.parameters, found, bias=network.bias):
        points = points_of(network)
        points = points.single() if layout.samples in ONE else points
        right = quantities(network, points)
        try:
            results = [
                subject.call(arguments(found, layout, points, at, 0.0))[0]
                for at in range(len(points.W))
            ]
            claim = np.stack([array(r).reshape(-1) for r in results])
        except (Crashed, ValueError) as why:
            crash = farther(crash, why)
            continue
        inputs = {
            "g": right.g.reshape(-1, *right.g.shape[2:]),
            "y": points.y.reshape(-1, points.y.shape[-1]),
        }
        if layout.samples not in ONE and claim.shape[1] == 1:  # one number a batch
            return (_batch_error(subject, kind, inputs, claim[:, 0], reduction, layout),)
        claim = claim.reshape(-1)
        true = pieces.quantities(kind, inputs, claim)
        slips = pieces.slips(kind)
        checks = judge(subject.name, true, {"loss": claim}, slips, stages=("loss",))
        return remarked(checks, *conventions(layout, bias=network.bias, mean=False)[:2])
    raise Crashed(str(crash))


def _batch_error(subject, kind, inputs, claim, reduction, layout) -> Check:
    each = pieces.quantities(kind, inputs, claim).loss.reshape(len(claim), -1)
    totals = each.mean(axis=1) if reduction == "mean" else each.sum(axis=1)
    right = same(claim, totals, tolerance(claim))
    said = (convention(layout.samples), convention(reduction))
    if right:
        return Check(subject.name, "loss", "right", remarks=said)
    ratio = float((claim / totals).mean())
    words = Words(
        f"It is {ratio:.4g} times the {reduction}, on average.",
        f"平均して、正しい値の {ratio:.4g} 倍です。",
    )
    return Check(
        subject.name, "loss", "wrong", remarks=said, diagnosis=(Note("unrecognised", words),)
    )


def check_network(subject: Subject, network: Network) -> tuple[Check, ...]:
    """A forward pass of the whole network, forward(W, V, x): g, or (z, g), or (u, z, a, g)."""
    return ended(subject, "g", lambda: _network(subject, network))


def _network(subject: Subject, network: Network) -> tuple[Check, ...]:
    """Judged in the first convention in which it is right, or else in the first that runs."""
    tried, crash = _network_at(subject, network, Sizes())
    if tried:
        return next((c for c in tried if all(one.verdict == "right" for one in c)), tried[0])
    for sizes in (s for s in equal_sizes(crash) if s in EQUAL[2:]):
        for checks in filter(recognised, _network_at(subject, network, sizes)[0]):
            return remarked(checks, at_equal_sizes(crash))
    raise crash


def _network_at(
    subject: Subject, network: Network, sizes: Sizes
) -> tuple[list[tuple[Check, ...]], Crashed | None]:
    """The verdicts in each convention in which it runs; why it first crashed."""
    found, crash, tried = roles(subject.parameters), None, []
    for layout in layouts(subject.parameters, found, bias=network.bias):
        points = points_of(network, sizes)
        points = points.single() if layout.samples in ONE else points
        try:
            results = _pass_results(subject, found, layout, points)
            checks = _pass_checks(subject, network, results, layout, points)
        except Crashed as why:
            crash = farther(crash, why)
            continue
        tried.append(checks)
        if all(one.verdict == "right" for one in checks):
            break
    return tried, crash


def _pass_checks(subject, network, results, layout, points) -> tuple[Check, ...]:
    right = quantities(network, points)
    if all(map(_is_class, results)):
        return (_classes(subject, results, right, layout),)
    claims = _pass_claims(results, layout, right)
    checks = judge(subject.name, right, claims, CATALOGUE, stages=(*STAGES, "fu"))
    return remarked(checks, *conventions(layout, bias=network.bias, mean=False)[:2])


def _pass_results(subject, found, layout, points) -> list[object]:
    at = range(len(points.W))
    return [subject.call(arguments(found, layout, points, i, 0.0))[0] for i in at]


def _is_class(result: object) -> bool:
    """Whether it is a whole number."""
    number = isinstance(result, int | np.integer) or getattr(result, "shape", None) == ()
    return number and np.asarray(result).dtype.kind in "iu"


def _classes(subject, results, right, layout) -> Check:
    """The number of a class, which is that of the largest output (L25)."""
    if layout.samples not in ONE:
        raise Crashed("expected the class of each sample, got one number")
    note = Note("class-number", Words("gives the class alone", "クラスの番号だけを返します"))
    true = right.g.argmax(axis=-1)
    if (np.reshape(results, true.shape) == true).all():
        return Check(subject.name, "g", "right", remarks=(note,))
    words = Words(
        "This is not the class of the largest output.", "最大の出力のクラスではありません。"
    )
    hint = Words("Look again at a = Vz (L3).", "a = Vz (L3) を見直してください。")
    diagnosis = (Note("unrecognised", words, hint, "L25"),)
    return Check(subject.name, "g", "wrong", remarks=(note,), diagnosis=diagnosis)


def _pass_claims(results, layout, right) -> dict[str, np.ndarray]:
    at_points = []
    for result in results:
        values = list(result.values()) if isinstance(result, dict) else result
        values = values if isinstance(values, tuple | list) else (values,)
        rows = [array(v) for v in values]
        rows = [v.T if layout.samples.startswith("column") else np.atleast_2d(v) for v in rows]
        at_points.append(rows)
    return _named_pass(stacked(at_points), right)


def _named_pass(arrays: list[np.ndarray], right) -> dict[str, np.ndarray]:
    """Which intermediate each result is: by its value where that is right, else by its shape."""
    left, named = list(OF_FORWARD), {}
    for number, value in enumerate(arrays):
        fits = [s for s in left if getattr(right, s).shape == value.shape]
        if not fits:
            left_over = "g" if number == len(arrays) - 1 else None
            fits = [left_over] if left_over in left else []
        equal = [s for s in fits if same(value, getattr(right, s), tolerance(value))]
        last = fits[-1:] if number == len(arrays) - 1 else fits[:1]
        for stage in equal[:1] or last:
            named[stage] = value
            left = left[left.index(stage) + 1 :]
    if not named:
        raise Crashed("expected g, or (z, g), or (u, z, a, g)")
    return named
