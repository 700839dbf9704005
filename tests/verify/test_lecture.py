"""L1 to L27: every verdict is the known one, and the judge refuses what is wrong."""

import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmlp.gradients import autodiff
from jaxmlp.network import Network, Params, loss
from jaxmlp.verify.lecture import CLAIMS, backpropagation, claims, definitions
from jaxmlp.verify.lecture.points import (
    LECTURE_ACTIVATIONS,
    SIZES,
    draw_lecture_points,
    softmax,
    tanh,
)
from jaxmlp.verify.lecture.verdict import ClaimEntry, Remark, apart, farthest, judge_claim

IDS = [f"L{i}" for i in range(1, 28)]
WRONG = ["L13", "L16", "L21", "L22", "L23", "L24", "L27"]  # as recorded, by hand
SUM_Y = ["L14", "L15", "L17", "L19", "L20", "L21", "L22", "L26"]
FAR = 1e-2
ENTRY = {entry.id: entry for entry in CLAIMS}


@pytest.fixture(scope="module")
def points():
    return draw_lecture_points(0)


@pytest.fixture(scope="module")
def judged():
    return {claim.id: claim for claim in claims()}


def sums_to_1(p):
    return abs(p.y.sum() - 1) < 1e-12


def needed(entry, some):
    return [p for p in some if entry.any_y is None or sums_to_1(p)]


def test_all_claims_in_order():
    assert [claim.id for claim in claims()] == [entry.id for entry in CLAIMS] == IDS


@pytest.mark.parametrize("seed", range(5))
def test_every_verdict_is_the_recorded_one(seed):
    found = claims(seed=seed)
    assert [claim.id for claim in found if not claim.holds] == WRONG
    assert [claim.id for claim in found if not claim.recorded] == WRONG
    assert [claim.id for claim in found if claim.assumption] == SUM_Y


@pytest.mark.parametrize("name", IDS)
def test_what_holds_agrees_and_what_does_not_is_far_off(judged, name):
    claim = judged[name]
    if name in WRONG:
        assert FAR < claim.relative_error < np.inf
        assert claim.correction
        assert claim.correction_error < 1e-9
    else:
        assert claim.relative_error < 1e-9
        assert claim.correction is claim.correction_error is None
    assert (claim.error_without or 0) > FAR or name not in SUM_Y


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_hold_is_wrong_by_value_at_every_point(points, name):
    """At every single one where it conforms, with Σ y = 1, too."""
    for p in points[ENTRY[name].at]:
        assert FAR < farthest(ENTRY[name].printed, [p]) < np.inf


@pytest.mark.parametrize("name", SUM_Y)
def test_the_form_for_any_y_is_right_where_the_other_is_not(points, name):
    form = ENTRY[name].corrected or ENTRY[name].printed
    loose = [p for p in points["any"] if not sums_to_1(p)]
    for p in loose:
        assert farthest(form, [p]) > FAR
    assert farthest(form, loose, general=True) < 1e-9
    assert ENTRY[name].any_y.count("Σ") >= 1


@pytest.mark.parametrize("name", ["L13", "L16", "L18", "L23", "L24"])
def test_what_needs_no_assumption_is_evaluated_for_any_y(points, name):
    assert ENTRY[name].any_y is None
    assert {sums_to_1(p) for p in points[ENTRY[name].at]} == {True, False}


@pytest.mark.parametrize("entry", [e for e in CLAIMS if e.remark], ids=lambda e: e.id)
def test_every_remark_is_said_on_evidence_that_is_not_rounding(points, judged, entry):
    assert judged[entry.id].remark == (entry.remark.en, entry.remark.ja)
    here = needed(entry, points[entry.at])
    for each in entry.remark.differ:
        assert FAR < farthest([each], here) < np.inf
    for each in entry.remark.unfit:
        for p in points["any"]:
            assert farthest([each], [p]) == np.inf
    agree = [each(p)[0] for each in entry.remark.agree for p in here]
    assert not agree or any(np.any(left) for left in agree)
    assert entry.remark.agree or entry.remark.differ or entry.remark.unfit


@pytest.mark.parametrize(
    ("name", "error"), [("L21", ValueError), ("L22", ValueError), ("L24", IndexError)]
)
def test_what_conforms_only_where_sizes_coincide(points, name, error):
    """Vᵀz where m = q + 1, all of v_jk where m = q."""
    for p in points["any"]:
        with pytest.raises(error):
            ENTRY[name].printed[0](p)
    p = points[ENTRY[name].at][0]
    left, right = ENTRY[name].printed[0](p)
    assert left.shape == right.shape


def test_L13_equality_by_equality(points):
    """E1 = E2 holds, E2 = E3 does not, E3 = E4 does, E4 = E5 does not, E1 = E5 does."""
    for p in needed(ENTRY["L14"], points["any"]):
        own = np.stack([p.d.log_g.dV[k, k] for k in range(len(p.y))])
        diagonal = p.g * (1 - p.g)
        E1 = p.dV
        E2 = -sum(p.y[i] * p.d.log_g.dV[i] for i in range(len(p.y)))
        E3 = -p.y[:, None] * own
        E4 = np.outer(-p.y / p.g * diagonal, p.z)
        E5 = np.outer(p.g - p.y, p.z)
        links = [apart(E1, E2), apart(E2, E3), apart(E3, E4), apart(E4, E5), apart(E1, E5)]
        assert [link < 1e-9 for link in links] == [True, False, True, False, True]
        assert max(links[1], links[3]) > FAR


def test_L13_row_of_the_true_class_alone(points):
    seen = 0
    for p in points["any"]:
        if set(p.y) == {0, 1}:
            true, printed = ENTRY["L13"].printed[0](p)
            right = [apart(t, r) < 1e-9 for t, r in zip(true, printed, strict=True)]
            assert right == (p.y == 1).tolist()
            seen += 1
    assert seen


def test_L23_is_half_the_step(points):
    for p in points["any"]:
        for printed in ENTRY["L23"].printed:
            left, right = printed(p)
            np.testing.assert_allclose(left, 2 * right, rtol=1e-9)


def with_sides(name, right, equation=0):
    """The entry, with another right side in the place of the printed one."""
    left = ENTRY[name].printed[equation]
    return ENTRY[name]._replace(printed=[lambda p, s=1: (left(p)[0], right(p))])


WRONG_CLAIMS = {
    "a factor": ("L15", lambda p: 2 * np.outer(p.g - p.y, p.z)),
    "a factor of 1 + 1e-6": ("L15", lambda p: (1 + 1e-6) * np.outer(p.g - p.y, p.z)),
    "the sign": ("L15", lambda p: np.outer(p.y - p.g, p.z)),
    "transposed": ("L15", lambda p: np.outer(p.z, p.g - p.y)),
    "without the 1": ("L15", lambda p: np.outer(p.g - p.y, np.append(0, p.z[1:]))),
    "without f'": ("L20", lambda p: np.outer(p.V_tilde.T @ (p.g - p.y), p.x)),
    "V, another column": ("L20", lambda p: np.outer(p.V[:, :-1].T @ (p.g - p.y) * p.df(p.u), p.x)),
    "f' squared": ("L18", lambda p: np.einsum("ij,j,k->ijk", p.V_tilde, p.df(p.u) ** 2, p.x)),
    "f' of another unit": (
        "L18",
        lambda p: np.einsum("ij,j,k->ijk", p.V_tilde, p.df(p.u)[::-1], p.x),
    ),
    "plus the gradient": ("L26", lambda p: p.eta * p.dW),
    "½": ("L8", lambda p: np.sum((p.y - p.a) ** 2) / 2),
    "not a number": ("L9", lambda p: np.nan),
    "not a number in one entry": ("L11", lambda p: np.where(p.W.max() == p.W, np.nan, 2 * p.W), 1),
    "W instead of 2W": ("L11", lambda p: p.W, 1),
    "another rank": ("L4", lambda p: p.V_tilde[:, 1:] @ p.W[1:, 1:] @ p.x[1:]),
    "rows predicted": ("L25", lambda p: backpropagation.CONFUSION.T, 1),
}


@pytest.mark.parametrize("which", WRONG_CLAIMS)
def test_a_wrong_claim_is_refused(points, which):
    claim = judge_claim(with_sides(*WRONG_CLAIMS[which]), points)
    assert not claim.holds
    by_value = which not in ("transposed", "not a number", "not a number in one entry")
    assert (1e-7 < claim.relative_error < np.inf) is by_value


def test_a_wrong_claim_among_right_ones_is_refused(points):
    """Any of the equations, at any of the points."""
    for name in IDS:
        entry = ENTRY[name]
        if name in WRONG:
            continue
        for i, each in enumerate(entry.printed):
            others = entry.printed[:i] + entry.printed[i + 1 :]
            wrong = [
                *others,
                lambda p, s=1, each=each: (each(p)[0], -1 - 2 * np.asarray(each(p)[1])),
            ]
            assert not judge_claim(entry._replace(printed=wrong), points).holds


def test_one_point_that_disagrees_is_enough(points):
    last = points["any"][-1]
    entry = with_sides("L9", lambda p: p.net.E["entropy"] + 1e-6 * (p is last))
    assert not judge_claim(entry, points).holds


def test_a_right_form_of_a_wrong_claim_is_accepted(points):
    for name in WRONG:
        entry = ENTRY[name]._replace(printed=ENTRY[name].corrected)
        assert judge_claim(entry, points).holds


def test_what_the_evidence_does_not_bear_is_not_said(points):
    def sides(p):
        return p.dV, p.dV

    def others(p):
        return p.dV, 2 * p.dV

    def unfit(p):
        return p.dV, p.dV.T

    def said(**evidence):
        remark = Remark("so", "そう", **evidence)
        return judge_claim(ENTRY["L15"]._replace(remark=remark), points).remark is not None

    assert said(agree=[sides], differ=[others], unfit=[unfit])
    assert not said(agree=[sides, others])
    assert not said(differ=[others, sides])
    assert not said(differ=[unfit])
    assert not said(unfit=[unfit, others])


def test_an_assumption_that_is_not_needed_or_not_enough_is_not_said(points):
    def of(right):
        entry = ENTRY["L15"]._replace(printed=[lambda p, s=1: (p.dV, right(p, s))])
        return judge_claim(entry, points).assumption

    assert of(lambda p, s: np.outer(p.g * s - p.y, p.z))
    assert of(lambda p, s: np.outer(p.g * p.y.sum() - p.y, p.z)) is None
    assert of(lambda p, s: np.outer(p.g - p.y, p.z)) is None
    assert of(lambda p, s: np.outer((p.g - p.y) * s, p.z)) is None


def test_a_wrong_correction_has_its_error(points):
    entry = ENTRY["L23"]._replace(corrected=ENTRY["L23"].printed)
    assert judge_claim(entry, points).correction_error > FAR


def test_no_points_judge_nothing(points):
    with pytest.raises(ValueError, match="empty"):
        farthest(ENTRY["L15"].printed, [])


def test_sizes_do_not_let_a_transpose_pass():
    d, q, m = SIZES["any"]
    assert len({d, q, m, d + 1, q + 1}) == 5
    assert q < min(d, m)  # L4
    assert SIZES["m = q + 1"].m == SIZES["m = q + 1"].q + 1
    assert SIZES["m = q"].m == SIZES["m = q"].q


def test_points_are_what_they_should_be(points):
    for kind, (d, q, m) in SIZES.items():
        for p in points[kind]:
            assert p.W.shape == (q, d + 1)
            assert p.V.shape == (m, q + 1)
            assert p.W[:, 0].all()
            assert p.V[:, 0].all()
            assert p.x[0] == 1
            assert np.abs(p.u).min() > 0.1
            assert p.W.dtype == p.d.squared.dW.dtype if p.d.squared else p.dW.dtype == float
        assert len({p.x[1] for p in points[kind]}) > 4
        kinds = {(sums_to_1(p), set(p.y) == {0, 1}) for p in points[kind]}
        assert kinds == {(True, True), (True, False), (False, False)}
    assert len({p.f for p in points["any"]}) == 2
    assert {float(p.label) for p in points["any"]} == {0, 1}


PAIRS = {
    "entropy": ("softmax", "cross_entropy"),
    "squared": ("sigmoid", "squared_error"),
    "linear": ("identity", "squared_error"),
    "binary": ("sigmoid", "binary_cross_entropy"),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("f", ["relu", "tanh"])
def test_the_slopes_are_those_of_the_networks_loss(points, f, name):
    """By `jaxmlp.autodiff`, and E by `loss`; log g and a follow by the chain rule."""
    network = Network(f, *PAIRS[name])
    both = jax.jit(lambda *at: (autodiff(network, *at), loss(network, *at)))
    for p in points["any"]:
        if p.f is LECTURE_ACTIVATIONS[f][0]:
            at = Params(jnp.array(p.W), jnp.array(p.V)), jnp.array(p.x[1:]), jnp.array(p.y)
            slopes, E = both(*at)
            for ours, theirs in zip(getattr(p.d, name), slopes, strict=True):
                assert apart(theirs, ours) < 1e-12
            assert apart(E, p.net.E[name]) < 1e-12


def test_jacobians_are_finite_differences(points):
    """∂log g_i/∂V and ∂a_i/∂W, the truths of L13, L16 to L18."""
    for p in points["any"]:

        def log_g(V, p=p):
            return np.log(softmax(V @ p.z))[2]

        def a(W, p=p):
            return (p.V @ np.append(1, p.f(W @ p.x)))[2]

        assert apart(definitions.difference_quotients(log_g, p.V), p.d.log_g.dV[2]) < 1e-8
        assert apart(definitions.difference_quotients(a, p.W), p.d.a.dW[2]) < 1e-8


def test_difference_quotients_are_exact_for_a_cubic(rng):
    M = rng.normal(size=(2, 3))
    found = definitions.difference_quotients(lambda M: np.sum(M**3), M)
    np.testing.assert_allclose(found, 3 * M**2, atol=1e-10)


def test_late_is_the_slope_at_the_later_V(points):
    grad = jax.jit(lambda W, V, x, y: autodiff(Network("tanh"), Params(W, V), x, y).dW)
    p = points["any"][-1]
    V = p.V - p.eta * p.dV
    assert p.f is tanh
    assert (
        apart(grad(jnp.array(p.W), jnp.array(V), jnp.array(p.x[1:]), p.y), p.late.entropy.dW)
        < 1e-12
    )


def test_the_seed_draws_other_points():
    first, again, other = claims(seed=1), claims(seed=1), claims(seed=2)
    assert first == again
    assert [c.relative_error for c in first] != [c.relative_error for c in other]


def test_a_program_in_float32_gets_the_same(judged):
    with jax.enable_x64(False):
        assert claims() == tuple(judged.values())
        assert jnp.zeros(1).dtype == "float32"


def test_words_are_in_both_languages(judged):
    for claim in judged.values():
        for words in (claim.assumption, claim.remark):
            if words:
                assert words.en.isprintable()
                assert any("ぁ" <= letter <= "ん" for letter in words.ja)
                assert not any("ぁ" <= letter <= "鿿" for letter in words.en)


def test_an_entry_needs_no_more_than_two_sides(points):
    entry = ClaimEntry("L0", "", "x = x", True, [lambda p: (p.x, p.x)])
    claim = judge_claim(entry, points)
    assert (claim.holds, claim.relative_error, claim.assumption, claim.remark) == (
        True,
        0,
        None,
        None,
    )


@pytest.mark.slow
@pytest.mark.measured
def test_a_fresh_process_takes_less_than_10_seconds():
    start = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", "from jaxmlp.verify.lecture import claims; claims()"], check=True
    )
    assert time.monotonic() - start < 10
