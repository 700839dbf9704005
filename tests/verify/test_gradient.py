"""Right gradients pass, wrong ones are refused and named, and nobody is blamed for a kink."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxmlp.verify.finding import VERDICTS
from jaxmlp.verify.gradient import assert_gradient, check_gradient
from jaxmlp.verify.gradient.known import KNOWN_MISTAKES
from jaxmlp.verify.report import as_html, as_text

rng = np.random.default_rng(5)
A35, A46, B53 = (rng.normal(size=s) for s in ((3, 5), (4, 6), (5, 3)))
A44, Y53 = rng.normal(size=(4, 4)), rng.normal(size=(5, 3))


def verdicts(report):
    return {c.stage.removeprefix("∂f/∂"): c.verdict for c in report.checks}


def named(report):
    """By argument, the ids of each explanation."""
    found = {}
    for check in report.checks:
        sets = {}
        for note in check.diagnosis:
            sets.setdefault(note.explanation, []).append(note.id)
        found[check.stage.removeprefix("∂f/∂")] = {" + ".join(ids) for ids in sets.values()}
    return found


def only(f, claimed, shapes, **more):
    """The one check of a function of one argument."""
    (check,) = check_gradient(f, claimed, shapes, **more).checks
    return check


def trace_square(W):
    return jnp.trace(W.T @ W)


def log_det(X):
    return jnp.linalg.slogdet(X)[1]


def form(x, A):
    return x @ A @ x


def product(A, X, B):
    return jnp.trace(A @ X @ B)


def residual(A, x, b):
    return jnp.sum((A @ x - b) ** 2)


def squares(x):
    return jnp.sum(x**2)


def mean_error(W):
    return jnp.mean((W - Y53) ** 2)


def affine(x):
    return jnp.asarray(A35) @ x


def softmax_jacobian(a):
    g = jax.nn.softmax(a)
    return jnp.diag(g) - jnp.outer(g, g)


def inverse_jacobian(X):
    inverse = np.linalg.inv(X)
    return -np.einsum("ik,lj->ijkl", inverse, inverse)


def matrix_of(X):
    """A vector of a matrix's rows: their squares, summed."""
    return jnp.sum(X**2, axis=1)


def matrix_of_jacobian(X):
    n, d = X.shape
    found = np.zeros((n, n, d))
    found[range(n), range(n)] = 2 * X
    return found


PD = {"domain": "positive_definite"}
RIGHT = [
    ("tr(WᵀW)", trace_square, lambda W: 2 * W, (3, 5), {}),
    ("log det", log_det, lambda X: np.linalg.inv(X).T, (4, 4), {}),
    ("log det, positive definite", log_det, lambda X: np.linalg.inv(X), (4, 4), PD),
    ("quadratic form", form, lambda x, A: ((A + A.T) @ x, np.outer(x, x)), ((4,), (4, 4)), {}),
    ("tr(AXB)", product, lambda A, X, B: ((X @ B).T, A.T @ B.T, (A @ X).T), ((4, 3), (3, 5), (5, 4)), {}),
    ("by a list", form, lambda x, A: [(A + A.T) @ x, np.outer(x, x)], ((4,), (4, 4)), {}),
    ("residual, by x alone", residual, lambda A, x, b: {"x": 2 * A.T @ (A @ x - b)}, ((5, 3), (3,), (5,)), {}),
    ("shapes by name", residual, lambda A, x, b: {"b": -2 * (A @ x - b)}, {"b": (5,), "A": (5, 3), "x": 3}, {}),
    ("logsumexp", jax.scipy.special.logsumexp, lambda a: np.exp(a) / np.exp(a).sum(), (5,), {}),
    ("softmax", jax.nn.softmax, softmax_jacobian, (4,), {}),
    ("inverse", jnp.linalg.inv, inverse_jacobian, (3, 3), {}),
    ("vector of a matrix", matrix_of, matrix_of_jacobian, (3, 5), {}),
    ("a number", jnp.sin, np.cos, (), {}),
    ("constant", lambda x: jnp.sum(jax.nn.softmax(x)), np.zeros_like, (5,), {}),
    ("array of one number", lambda x, A: x.T @ A @ x, lambda x, A: ((A + A.T) @ x, x @ x.T), ((4, 1), (4, 4)), {}),
    ("and its whole Jacobian", lambda x: x.T @ x, lambda x: 2 * x[None, None], (4, 1), {}),
    ("positive", lambda x: jnp.sum(x * jnp.log(x)), lambda x: np.log(x) + 1, (5,), {"domain": "positive"}),
    ("orthogonal", lambda Q: jnp.trace(jnp.asarray(A35) @ Q), lambda Q: A35.T, (5, 3), {"domain": "orthogonal"}),
    ("a sampler", lambda x: jnp.sum(jnp.sqrt(x)), lambda x: x**-0.5 / 2, (5,), {"domain": lambda r, s: r.uniform(1e-4, 2e-4, size=s)}),
    ("Python control flow", lambda x: squares(x) if x[0] > 0 else -squares(x), lambda x: 2 * np.sign(x[0]) * x, (5,), {}),
    ("forward mode alone", lambda x: jax.lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] * s[1]), (0, x))[1].sum(), lambda x: 8 * x**7, (3,), {}),
    ("kinks elsewhere", lambda x: jnp.sum(jnp.abs(x)), np.sign, (5,), {}),
    ("relu of a matrix", lambda X: jnp.sum(jax.nn.relu(X) ** 2), lambda X: 2 * np.maximum(X, 0), (3, 5), {}),
    ("largest", jnp.max, lambda x: (x == x.max()) * 1.0, (5,), {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("f", "claimed", "shapes", "more"), [r[1:] for r in RIGHT], ids=[r[0] for r in RIGHT]
)
def test_a_right_gradient_is_right(f, claimed, shapes, more):
    report = check_gradient(f, claimed, shapes, **more)
    assert report.right, str(report)
    assert all(c.relative_error < 1e-10 and not c.diagnosis for c in report.checks)


def bumped(claimed):
    """One entry of the first gradient off by a millionth of the largest."""

    def wrong(*args):
        result = claimed(*args)
        first, *rest = result if isinstance(result, tuple) else (result,)
        first = np.array(first)
        first.flat[-1] += 1e-6 * max(abs(first).max(), 1e-3)
        return (first, *rest) if rest else first

    return wrong


BUMPED = (
    "log det",
    "quadratic form",
    "softmax",
    "a number",
    "array of one number",
    "constant",
    "largest",
)


@pytest.mark.parametrize("case", [r for r in RIGHT if r[0] in BUMPED], ids=lambda r: r[0])
def test_the_same_gradient_with_one_entry_off_is_not(case):
    _, f, claimed, shapes, more = case
    report = check_gradient(f, bumped(claimed), shapes, **more)
    first = report.checks[0]
    assert first.verdict == "wrong"
    assert all(c.verdict == "right" for c in report.checks[1:])


def flat_in_columns(X):
    return inverse_jacobian(X).transpose(1, 0, 3, 2).reshape(9, 9)


ON = lambda f: lambda x: f(2 * x)  # noqa: E731  a change of 2x, the gradient of Σ x²
WRONG = [
    ("zero", squares, np.zeros_like, (5,), {}),
    ("sign", squares, ON(np.negative), (5,), {}),
    ("times-2", squares, ON(lambda g: 2 * g), (5,), {}),
    ("half", squares, ON(lambda g: g / 2), (5,), {}),
    ("times-n", mean_error, lambda W: 2 * (W - Y53) / 5, (5, 3), {}),
    ("over-n", squares, ON(lambda g: g / 5), (5,), {}),
    ("constant-ratio", squares, ON(lambda g: 0.7 * g), (5,), {}),
    ("transposed", trace_square, lambda W: 2 * W.T, (3, 5), {}),
    ("transposed", log_det, np.linalg.inv, (4, 4), {}),
    ("layout", affine, lambda x: A35.T, (5,), {}),
    ("reshaped", squares, ON(lambda g: g[None]), (5,), {}),
    ("reshaped", trace_square, lambda W: 2 * W.ravel(), (3, 5), {}),
    ("vec", trace_square, lambda W: 2 * W.ravel("F"), (3, 5), {}),
    ("vec", jnp.linalg.inv, flat_in_columns, (3, 3), {}),
    ("diagonal-only", jax.nn.softmax, lambda a: jnp.diag(jnp.diag(softmax_jacobian(a))), (4,), {}),
    ("diagonal-as-vector", jax.nn.softmax, lambda a: jnp.diag(softmax_jacobian(a)), (4,), {}),
    ("diagonal-only", log_det, lambda X: np.diag(np.diag(np.linalg.inv(X))), (4, 4), {}),
    ("diagonal-dropped", log_det, lambda X: (lambda g: g - np.diag(np.diag(g)))(np.linalg.inv(X).T), (4, 4), {}),
    ("summed", matrix_of, lambda X: 2 * X, (3, 5), {}),
    ("dropped", trace_square, lambda W: 2 * W * (np.arange(5) != 2), (3, 5), {}),
    ("dropped", squares, ON(lambda g: g * (np.arange(5) > 0)), (5,), {}),
    ("symmetric-structure", log_det, lambda X: (lambda g: 2 * g - np.diag(np.diag(g)))(np.linalg.inv(X)), (4, 4), PD),
    ("one-of-two-terms", lambda x: x @ jnp.asarray(A44) @ x, lambda x: A44 @ x, (4,), {}),
    ("one-of-two-terms", lambda X: jnp.trace(X @ A44 @ X @ A44.T), lambda X: (A44 @ X @ A44.T).T, (4, 4), {}),
    ("transposed + sign", log_det, lambda X: -np.linalg.inv(X), (4, 4), {}),
    ("transposed + half", trace_square, lambda W: W.T, (3, 5), {}),
    ("transposed + constant-ratio", log_det, lambda X: 0.7 * np.linalg.inv(X), (4, 4), {}),
    ("layout + times-2", affine, lambda x: 2 * A35.T, (5,), {}),
    ("sign + half", squares, lambda x: -x, (5,), {}),
    ("unrecognised", squares, lambda x: 2 * x + 1e-9, (5,), {}),
    ("unrecognised", squares, lambda x: 2 * x * np.nan, (5,), {}),
]  # fmt: skip


@pytest.mark.parametrize(("id", "f", "claimed", "shapes", "more"), WRONG)
def test_a_known_mistake_is_refused_and_named(id, f, claimed, shapes, more):
    report = check_gradient(f, claimed, shapes, **more)
    (stage,) = verdicts(report)
    assert verdicts(report)[stage] == "wrong"
    assert named(report)[stage] == {id}
    for note in report.checks[0].diagnosis:
        assert note.hint
        assert note.hint.ja != note.hint.en
        assert note.text.ja != note.text.en
        assert "{" not in note.text.en + note.text.ja


def test_every_mistake_of_the_table_is_tried_above():
    tried = {part for id, *_ in WRONG for part in id.split(" + ")} | {"swapped"}
    assert set(KNOWN_MISTAKES) <= tried


def test_each_argument_has_its_own_verdict():
    def claimed(A, X, B):
        return (X @ B).T, A.T @ B.T, A @ X

    report = check_gradient(product, claimed, ((4, 3), (3, 5), (5, 4)))
    assert verdicts(report) == {"A": "right", "X": "right", "B": "wrong"}
    assert named(report)["B"] == {"transposed"}
    B = report.checks[2]
    assert (B.name, B.expected_shape, B.got_shape) == ("claimed", (5, 4), (4, 5))


@pytest.mark.parametrize("shapes", [((3,), (3,)), ((3,), (5,))])
def test_two_gradients_exchanged_are_named(shapes):
    def f(x, y):
        return x @ x * jnp.sum(y**3)

    def exchanged(x, y):
        return 3 * (x @ x) * y**2, 2 * x * np.sum(y**3)

    assert named(check_gradient(f, exchanged, shapes)) == {"x": {"swapped"}, "y": {"swapped"}}


def test_an_argument_may_have_any_name():
    report = check_gradient(
        lambda made, _x: made @ _x, lambda made, _x: (_x, 2 * made), ((3,), (3,))
    )
    assert verdicts(report) == {"made": "right", "_x": "wrong"}
    assert named(report)["_x"] == {"times-2"}


def test_half_of_a_form_is_named_beside_a_right_gradient():
    report = check_gradient(form, lambda x, A: {"A": np.outer(x, x), "x": A @ x}, ((4,), (4, 4)))
    assert verdicts(report) == {"x": "wrong", "A": "right"}
    assert named(report)["x"] == {"one-of-two-terms"}


@pytest.mark.parametrize(
    "domain", ["symmetric", PD["domain"], lambda r, s: np.eye(4) + np.ones((4, 4))]
)
def test_the_symmetrised_gradient_is_right_among_symmetric_matrices_alone(domain):
    C = np.arange(16.0).reshape(4, 4)

    check = only(lambda X: jnp.sum(C * X), lambda X: (C + C.T) / 2, (4, 4), domain=domain)
    if callable(domain):  # nothing is known about what it draws
        assert check.verdict == "wrong"
    else:
        assert check.verdict == "right"
        assert [note.id for note in check.remarks] == ["symmetrised"]
    assert only(lambda X: jnp.sum(C * X), lambda X: C, (4, 4), domain=domain).remarks == ()


@pytest.mark.parametrize(
    ("off", "words", "crosses"),
    [
        (np.eye(4), "wrong on the diagonal alone", 4),
        (1 - np.eye(4), "all is wrong but the diagonal", 12),
        (np.arange(4)[:, None] * np.ones(4) == 2, "wrong in row 2 alone", 4),
        (np.arange(4) * np.ones((4, 1)) == 1, "wrong in column 1 alone", 4),
        (np.ones((4, 4)), "every entry is wrong", 16),
    ],
)
def test_it_is_said_where(off, words, crosses):
    check = only(trace_square, lambda W: 2 * W + 0.3 * off * np.sin(W), (4, 4))
    assert check.where.en == words
    assert sum(map(sum, check.wrong)) == crosses
    assert off[check.worst.index]
    assert check.worst.got != check.worst.expected


def test_it_is_said_where_in_a_vector():
    assert (
        only(squares, lambda x: 2 * x + [0, 1, 0, 0, 1], (5,)).where.en
        == "wrong in entry 1, 4 alone"
    )


# One set of shapes, so that little is compiled; f is the same function at each.
SHAPES = st.sampled_from([(3, 5), (5, 2), (4,), (2, 3, 4)])


@functools.cache
def energy():
    return jax.jit(lambda X: jnp.sum(jnp.sin(X) * X))


@pytest.mark.slow
@settings(max_examples=12)
@given(
    SHAPES,
    st.integers(0, 2**31),
    st.floats(-30, 30).filter(lambda c: min(abs(c), abs(c - 1)) > 1e-3),
)
def test_at_any_shape_and_seed_the_gradient_is_right_and_a_multiple_is_not(shape, seed, c):
    def claimed(X):
        return np.cos(X) * X + np.sin(X)

    assert check_gradient(energy(), claimed, shape, seed=seed).right
    wrong = only(energy(), lambda X: c * claimed(X), shape, seed=seed)
    assert wrong.verdict == "wrong"
    assert "unrecognised" not in {note.id for note in wrong.diagnosis}


@settings(max_examples=12)
@given(SHAPES, st.integers(0, 2**31), st.floats(1e-8, 1e3), st.data())
def test_no_single_entry_may_be_off(shape, seed, by, data):
    at = tuple(data.draw(st.integers(0, n - 1)) for n in shape)

    def claimed(X):
        found = np.cos(X) * X + np.sin(X)
        found[at] += by
        return found

    wrong = only(energy(), claimed, shape, seed=seed)
    assert wrong.verdict == "wrong"
    assert wrong.worst.index == at


def test_float32_on_the_way_is_imprecise_not_wrong():
    def claimed(X):
        return np.linalg.inv(X.astype(np.float32)).T.astype(np.float64)

    check = only(log_det, claimed, (4, 4))
    assert check.verdict == "imprecise"
    assert [note.id for note in check.diagnosis] == ["low-precision"]
    assert only(log_det, lambda X: claimed(X) * (1 + 1e-4), (4, 4)).verdict == "wrong"


def test_a_float32_result_is_judged_as_one():
    def claimed(W):
        return (2 * W).astype(np.float32)

    assert only(trace_square, claimed, (3, 5)).verdict == "right"
    assert only(trace_square, lambda W: claimed(W) * np.float32(1.001), (3, 5)).verdict == "wrong"


KINKS = [
    (lambda x: jnp.sum(jnp.abs(x)), np.sign),
    (lambda x: jnp.sum(jax.nn.relu(x)), lambda x: (x > 0) * 1.0),
    (lambda x: jnp.sum(jnp.maximum(x, 0)), lambda x: (x > 0) * 1.0),
    (jnp.max, lambda x: (x == x.max()) * 1.0),
    (jnp.linalg.norm, lambda x: np.zeros_like(x)),
]


@pytest.mark.parametrize(("f", "claimed"), KINKS)
def test_at_a_kink_nobody_is_blamed(f, claimed):
    with pytest.raises(ValueError, match="f has a kink there"):
        check_gradient(f, claimed, (5,), domain=lambda rng, shape: np.zeros(shape))


def test_points_at_a_kink_are_left_out():
    def sometimes_zero(rng, shape):
        return rng.normal(size=shape) * rng.integers(0, 2)

    f, claimed = KINKS[0]
    report = check_gradient(f, claimed, (5,), domain=sometimes_zero)
    assert report.right
    (remark,) = report.files[0].remarks
    assert remark.id == "left-out"
    assert int(re.match(r"\d+", remark.text.en)[0]) > 0
    assert not check_gradient(f, lambda x: x, (5,), domain=sometimes_zero).right


def test_points_where_f_is_not_defined_are_left_out():
    report = check_gradient(
        lambda X: jnp.log(jnp.linalg.det(X)), lambda X: np.linalg.inv(X).T, (4, 4)
    )
    assert report.right
    assert [note.id for note in report.files[0].remarks] == ["left-out"]


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: jnp.sum(jnp.log(-(x**2))), "f is not finite"),
        (lambda x: jnp.sum(x * jax.lax.stop_gradient(x)), "autodiff and finite differences disagree"),
        (lambda x: jnp.sum(x.astype(jnp.float32) ** 2).astype(jnp.float64), "is a float32 number"),
        (lambda x: jnp.sum(x.astype(jnp.float32) ** 2), "float64 for float64 .*, got float32"),
        (lambda x: jnp.argmax(x), "float64 for float64 .*, got int64"),
        (lambda x: jnp.sum(x * 1j), "got complex128"),
        (lambda x: (x, x), "got tuple"),
        (lambda x: jnp.zeros((3, 4)) @ x, r"expected f to accept x: \(5,\), got TypeError: .*contract"),
        (lambda x: np.zeros((3, 4)) @ np.asarray(x), r"expected f to accept x: \(5,\), got ValueError: matmul"),
        (lambda x, y: x @ y, r"expected f to accept x: \(5,\), got TypeError: .*missing"),
        (lambda: 1.0, r"expected f to accept x1: \(5,\), got TypeError: .*positional"),
    ],
)  # fmt: skip
def test_an_f_that_cannot_be_the_truth_is_refused(f, message):
    with pytest.raises(ValueError, match=message):
        check_gradient(f, lambda *args: args[0], (5,))


def test_crowds_of_kinks_are_passed_between():
    """Some relu of 2000 is near its kink at every point, though none is at it."""
    M = rng.normal(size=(2000, 5))

    def f(x):
        return jnp.sum(jax.nn.relu(M @ x))

    assert check_gradient(f, lambda x: M.T @ (M @ x > 0), (5,)).right
    assert not check_gradient(f, lambda x: M.T @ (M @ x < 0), (5,)).right


def test_many_entries_are_judged_one_by_one():
    at = (30, 39)  # no entry that the second referee happens to look at

    def claimed(W):
        found = 2 * W
        found[at] += 1e-5
        return found

    assert only(trace_square, claimed, (40, 60)).worst.index == at


def plain(x, A):
    """x·Ax in NumPy alone."""
    total = np.zeros(())
    for i in range(len(x)):
        for j in range(len(x)):
            total += float(x[i]) * A[i, j] * float(x[j])
    return total


def test_a_function_in_numpy_is_compared_with_finite_differences():
    report = check_gradient(plain, lambda x, A: ((A + A.T) @ x, np.outer(x, x)), ((3,), (3, 3)))
    assert report.right
    assert [note.id for note in report.files[0].remarks] == ["finite-differences"]
    report = check_gradient(plain, lambda x, A: (A @ x, np.outer(x, x) / 2), ((3,), (3, 3)))
    assert named(report) == {"x": {"one-of-two-terms"}, "A": {"half"}}
    off = check_gradient(
        plain, lambda x, A: ((A + A.T) @ x * 1.001, np.outer(x, x)), ((3,), (3, 3))
    )
    assert verdicts(off) == {"x": "wrong", "A": "right"}
    with pytest.raises(ValueError, match="kink"):
        check_gradient(lambda x: float(abs(x[0])), np.sign, (1,), domain=lambda r, s: np.zeros(s))


def test_a_claim_that_crashes_is_reported():
    def claimed(x, A):
        raise RuntimeError("no idea")

    report = check_gradient(form, claimed, ((3,), (3, 3)))
    assert verdicts(report) == {"x": "crashed", "A": "crashed"}
    assert "RuntimeError: no idea" in report.checks[0].remarks[0].text.en
    assert only(squares, lambda x: None, (5,)).verdict == "unfinished"
    assert only(squares, lambda x: "2x", (5,)).verdict == "crashed"


@pytest.mark.parametrize(
    ("claimed", "shapes", "domain", "message"),
    [
        (lambda x, A: x, ((3,), (3, 3)), None, "expected 2 gradients, by x, A, got 1"),
        (lambda x, A: (x, A, A), ((3,), (3, 3)), None, "expected 2 gradients, by x, A, got 3"),
        (lambda x, A: {"y": x}, ((3,), (3, 3)), None, "expected gradients by x, A, got y"),
        (lambda x, A: {}, ((3,), (3, 3)), None, "expected gradients by x, A, got none"),
        (lambda x, A: x, {"x": (3,), "B": (3, 3)}, None, "the arguments x, A of f, got some for x, B"),
        (lambda x, A: x, {"A": (3, 3)}, None, "the arguments x, A of f, got some for A"),
        (lambda x, A: x, ((3,), (3, -3)), None, "positive integers"),
        (lambda x, A: x, ((3,), (3, 3)), "unitary", "unknown domain 'unitary': expected None, positive"),
        (lambda x, A: x, ((3,), (3, 3)), "symmetric", r"square shape for the symmetric x, got \(3,\)"),
        (lambda x, A: x, ((3,), (3, 4)), (None, "symmetric"), r"square shape for the symmetric A, got \(3, 4\)"),
        (lambda x, A: x, ((3,), (3, 4)), {"A": "orthogonal"}, "no more columns than rows"),
        (lambda x, A: x, ((3,), (3, 3)), {"B": "symmetric"}, "domains of x, A, got B"),
        (lambda x, A: x, ((3,), (3, 3)), (None,), "expected 2 domains, got 1"),
        (lambda x, A: x, ((3,), (3, 3)), lambda r, s: np.ones(4), r"x of shape \(3,\), got \(4,\)"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_in_one_line(claimed, shapes, domain, message):
    with pytest.raises(ValueError, match=message) as error:
        check_gradient(form, claimed, shapes, domain=domain)
    assert "\n" not in str(error.value)


def test_the_report_can_be_read_in_every_form():
    report = check_gradient(trace_square, lambda W: W.T, (3, 5))
    assert "wrong" in str(report)
    assert "wrong" in report._repr_html_()
    for lang in ("en", "ja"):
        assert as_html(report, lang)
        assert as_text(report, lang, "hint") != as_text(report, lang)
    assert {c.verdict for c in report.checks} <= set(VERDICTS)


def test_what_is_not_claimed_is_said():
    report = check_gradient(
        residual, lambda A, x, b: {"x": 2 * A.T @ (A @ x - b)}, ((5, 3), (3,), (5,))
    )
    assert [note.text.en for note in report.files[0].remarks] == ["not claimed, not checked: A, b"]


def test_for_a_test_suite():
    assert_gradient(squares, lambda x: 2 * x, (5,))
    with pytest.raises(AssertionError, match="wrong") as error:
        assert_gradient(squares, lambda x: x, (5,))
    assert str(error.value) == str(check_gradient(squares, lambda x: x, (5,)))
    assert not any(entry.name == "assert_gradient" for entry in error.traceback.filter(error))


def test_jax_is_left_as_it_was():
    with jax.enable_x64(False):
        assert check_gradient(squares, lambda x: 2 * x, (5,)).right
        assert jnp.ones(1).dtype == jnp.float32
