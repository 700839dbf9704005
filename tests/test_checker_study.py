"""The study's generators: its right derivations are right, and its mistakes are mistakes."""

from itertools import combinations

import jax
import numpy as np
import pytest

from experiments.checker_study import (
    by_depth,
    derivations,
    edits,
    judge,
    layer_edits,
    layers,
    trials,
)

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


def deep(depth: int, *, form: str = "", seed: int = 0, alike: bool = False) -> list[layers.Deep]:
    """A network of each layout, with its biases apart and in front."""
    drawn = layers.drawn(np.random.default_rng(seed), depth, form=form, alike=alike)
    ways = [("sample", ""), ("sample, turned", ""), ("rows", "delta"), ("rows, turned", ""),
            ("columns", "gradients")]  # fmt: skip
    return [drawn._replace(layout=layout, mean=mean, front=front, told=True)
            for layout, mean in ways for front in (False, True)]  # fmt: skip


def plain_of(case: layers.Deep) -> dict[str, str]:
    return {slot: texts[0] for slot, texts in layers.spellings(case).items()}


@pytest.mark.parametrize("depth", by_depth.DEPTHS)
def test_gradients_of_any_depth_are_the_finite_differences_of_the_error(depth):
    for case in deep(depth, form="function", seed=depth):
        *params, x, t, eta = next(layers.points(case))
        error = layers.written(case, plain_of(case), ["E"])
        given = layers.written(case, plain_of(case))(*params, x, t, eta)
        for k, (param, gradient) in enumerate(zip(params, given, strict=True)):
            found = np.zeros_like(param)
            for place in np.ndindex(param.shape):
                step = np.zeros_like(param)
                step[place] = 1e-6
                ends = [error(*params[:k], param + s * step, *params[k + 1 :], x, t, eta)[0]
                        for s in (1, -1)]  # fmt: skip
                found[place] = (ends[0] - ends[1]) / 2e-6
            np.testing.assert_allclose(gradient, found, 1e-5, 1e-7, err_msg=str(case))


@pytest.mark.parametrize("depth", by_depth.DEPTHS)
def test_every_spelling_of_any_depth_agrees_with_the_plain_one(depth):
    for case in deep(depth, form="script", seed=depth):
        plain = plain_of(case)
        halves = case.loss == "squared_error"  # ½ Σ (g − y)² is right, too
        for slot, texts in layers.spellings(case).items():
            for text in texts[:1] if halves and slot == f"delta{depth}" else texts:
                made = by_depth.values(case, plain | {slot: text})
                assert judge.same(made, by_depth.values(case, plain)), (case, slot, text)


@pytest.mark.parametrize("form", ["function", "script", "class"])
def test_every_form_trains_as_its_lines_say(form):
    for case in deep(3, form=form, seed=7):
        case = case._replace(called=True, container="names")
        text = layers.source(case, plain_of(case)).replace("range(5)", "range(1)")
        text = text.replace("np.random.permutation(40)", "[5]").replace("range(0, 40, 8)", "[5]")
        names, at = {}, text.rindex("for epoch")
        exec(text[:at], names)
        kept = names["net"].__dict__ if form == "class" else names
        old = [kept[p].copy() for p in case.params]
        exec(text[at:], names)
        step = layers.written(case._replace(form="script"), plain_of(case._replace(form="script")))
        expected = step(*old, names["x"], names["t"], names["eta"])
        for param, new in zip(case.params, expected, strict=True):
            np.testing.assert_allclose(kept[param], new, 1e-12, err_msg=text)


@pytest.mark.slow
def test_every_mistake_of_a_layer_matters_somewhere():
    names, matter = set(), set()
    for depth in by_depth.DEPTHS:
        for case in deep(depth, form="script", seed=depth, alike=True):
            names |= {by_depth.mistake(case, i) for i in range(len(layer_edits.edits(case)))}
            matter |= {by_depth.mistake(case, i) for i in by_depth.matters(case, 0)}
    assert names == matter


def test_what_all_gradients_have_in_common_is_no_mistake():
    case = layers.Deep(sizes=(6, 4), hidden=(), layout="rows", front=True)
    found = [layer_edits.edits(case)[i].id for i in by_depth.matters(case, 0)]
    assert "dW1/over-n" not in found
    assert "delta1/sign" not in found
    assert "delta1/y-missing" in found
    apart = case._replace(front=False)
    found = [layer_edits.edits(apart)[i].id for i in by_depth.matters(apart, 0)]
    assert {"dW1/over-n", "db1/over-n"} <= set(found)


@pytest.mark.slow
@pytest.mark.costly
@pytest.mark.parametrize("part", ["deep", "deep-call"])
def test_a_mistake_in_a_deep_network_is_refused_named_and_at_its_line(part):
    case = layers.Deep(("tanh", "sigmoid"), sizes=(6, 5, 3, 4), layout="rows")
    assert not trials.run(trials.Trial(part, case)).wrong
    ids = [one.id for one in layer_edits.edits(case)]
    trial = trials.Trial(f"{part}-single", case, (ids.index("delta2/slope-missing"),))
    found = trials.run(trial)
    assert found.wrong
    assert found.named
    assert found.placed or part == "deep-call"
    assert not by_depth.is_named(case, trial.which, 0, ["slope-twice"])
