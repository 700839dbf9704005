"""The study's generators: its right derivations are right, and its mistakes are mistakes."""

from itertools import combinations

import jax
import numpy as np
import pytest

from experiments.checker_study import derivations, edits, judge

SAMPLES = [case._replace(deltas=True, container="dict") for case in derivations.NETWORKS]
MEANS = [case._replace(batch=True) for case in SAMPLES]
SUMS = [case._replace(reduction="sum") for case in MEANS]
UPDATES = [case._replace(update=True, batch=case.bias) for case in derivations.NETWORKS]
SOME = SAMPLES[::4] + MEANS[1::5] + SUMS[2::6] + UPDATES[3::5] + UPDATES[::6]


@pytest.mark.costly
@pytest.mark.parametrize("part", range(3))
def test_plain_derivations_of_the_mean_agree_with_autodiff(part):
    for case in MEANS[part::3]:
        arguments = judge.points(case)[:1]
        function = derivations.written(case, derivations.right(case))
        assert judge.same(judge.outputs(function, arguments), judge.truth(case, arguments)), case


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda case: "-".join(map(str, case[:4])))
def test_samples_sums_and_updates_agree_with_the_mean(sample):
    W, V, X, Y = judge.points(sample._replace(batch=True))[0]
    one, mean, total, update = (
        derivations.written(case, derivations.right(case))
        for case in (
            sample,
            sample._replace(batch=True),
            sample._replace(batch=True, reduction="sum"),
            sample._replace(batch=True, update=True),
        )
    )
    rows = [one(W, V, x, y) for x, y in zip(X, Y, strict=True)]
    means, totals = mean(W, V, X, Y), total(W, V, X, Y)
    for name in ("dW", "dV"):
        each = np.stack([row[name] for row in rows])
        np.testing.assert_allclose(each.mean(axis=0), means[name], 1e-9, 1e-12)
        np.testing.assert_allclose(each.sum(axis=0), totals[name], 1e-9, 1e-12)
    for name in ("delta2", "delta1"):
        np.testing.assert_allclose([row[name] for row in rows], means[name], 1e-9, 1e-12)
    new_W, new_V = update(W, V, X, Y, 0.3)
    np.testing.assert_allclose(new_W, W - 0.3 * means["dW"], 1e-9, 1e-12)
    np.testing.assert_allclose(new_V, V - 0.3 * means["dV"], 1e-9, 1e-12)


def test_every_spelling_agrees_with_the_plain_one():
    seen = set()
    for case in SAMPLES + MEANS:
        plain, lines = judge.mutant(case, ()), derivations.right(case)
        for slot, texts in derivations.spellings(case).items():
            for text in {(case.batch, case.loss, slot, text) for text in texts} - seen:
                seen.add(text)
                function = derivations.written(case, lines | {slot: text[-1]})
                assert judge.same(judge.outputs(function, judge.points(case)), plain), (case, text)


@pytest.fixture
def as_users_have_it():
    """JAX's own promotion of dtypes and ranks: the derivations are other people's code."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("as_users_have_it")
def test_every_way_of_writing_agrees_with_autodiff(rng):
    for case in (SAMPLES + MEANS + SUMS)[::41]:
        for layout in ("rows", "loop", "vmap"):
            case = case._replace(library="jax", jit=True, layout=layout, container="namedtuple")
            function = derivations.written(case, derivations.at_random(case, rng))
            arguments = judge.points(case)[:1]
            given = judge.outputs(function, [map(jax.numpy.asarray, arguments[0])])
            assert judge.same(given, judge.truth(case, arguments)), case


@pytest.mark.slow
def test_every_edit_changes_what_some_network_gives():
    matter = {i for case in SOME for i in judge.matters(case)}
    idle = [edit for i, edit in enumerate(edits.EDITS) if i not in matter]
    # These conform nowhere by themselves; the second has other spellings that do.
    assert [edit.id for edit in idle] == ["z/z-without-1", "delta1/V-bias-kept"]


@pytest.mark.slow
def test_no_two_ids_are_the_same_function_everywhere():
    apart, alike = set(), set()
    for case in SOME:
        for i, j in combinations(judge.matters(case), 2):
            ids = frozenset((edits.EDITS[i].id, edits.EDITS[j].id))
            equal = judge.same(judge.mutant(case, (i,)), judge.mutant(case, (j,)))
            (alike if equal else apart).add(ids)
    always = {ids for ids in alike - apart if len(ids) == 2}
    assert always == set(map(frozenset, edits.SYNONYMS))


def test_a_wrong_derivation_is_seen_to_differ():
    case = derivations.Case()
    lines = derivations.right(case) | {"back": "V[:, :-1].T @ delta2"}
    arguments = judge.points(case)[:1]
    found = judge.outputs(derivations.written(case, lines), arguments)
    assert not judge.same(found, judge.truth(case, arguments))
    assert not judge.same([None], [None])
