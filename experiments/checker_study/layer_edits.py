"""Mistakes in one layer of a network of any depth, as edits of its lines.

An edit's id is its slot and the mistake, "delta2/slope-missing".
"""

from collections.abc import Iterator

from experiments.checker_study.derivations import DERIVATIVE
from experiments.checker_study.edits import Edit
from experiments.checker_study.layers import LAYOUTS, OTHER_WAY, Deep, given, spellings, weights


def edits(case: Deep) -> list[Edit]:
    """All that can be written; some of them may change nothing, or stop."""
    found = []
    for k in range(1, case.depth + 1):
        found += _of_output(case) if k == case.depth else _of_delta(case, k)
        found += _of_gradient(case, k)
        found += [] if case.front else _of_bias(case, k)
        found += _of_step(case, k) if case.update else []
    slots = spellings(case)
    return [one for one in found if one.sample.keys() <= slots.keys()]


def _others(case: Deep, *but: int) -> list[int]:
    return [j for j in range(1, case.depth + 1) if j not in but]


def _of_output(case: Deep) -> Iterator[Edit]:
    g, slot = f"h{case.depth}", f"delta{case.depth}"
    yield Edit(f"{slot}/sign", {slot: "-{}"})
    yield Edit(f"{slot}/y-missing", {slot: g})
    if case.output == "softmax" or (case.output == "sigmoid" and case.told):  # else of another E
        yield Edit(f"{slot}/output-slope-extra", {slot: f"{{}} * {g} * (1 - {g})"})
    if case.output == "softmax":
        yield Edit(f"{slot}/output-slope-missing", {slot: f"-t / {g}"})
    if case.output == "sigmoid":
        text = f"(1 - t) / (1 - {g}) - t / {g}"
        yield Edit(f"{slot}/output-slope-missing", {slot: text})


def _of_delta(case: Deep, k: int) -> Iterator[Edit]:
    slot, back, up = f"delta{k}", f"back{k}", f"delta{k + 1}"
    layout, V = LAYOUTS[case.layout], weights(case, k + 1)
    text = layout.back[0]
    made = {
        "sign": {slot: "-{}"},
        "times-2": {slot: "2 * {}"},
        "slope-missing": {slot: back},
        "slope-twice": {slot: f"{{}} * slope{k}"},
        "V-not-transposed": {back: LAYOUTS[OTHER_WAY[case.layout]].back[0].format(V=V, up=up)},
        "V-missing": {back: layout.units.format(d=up)},
        "slope-inside": {slot: text.format(V=V, up=f"({up} * slope{k})")},
        "updated-V": {f"early_W{k + 1}": f"W{k + 1} - eta * dW{k + 1}", f"new_W{k + 1}": ""},
    }
    if case.front:
        made["V-last-dropped"] = {back: text.format(V=layout.last.format(V=f"W{k + 1}"), up=up)}
    yield from (Edit(f"{slot}/{name}", lines) for name, lines in made.items())
    for j in _others(case, k + 1):
        yield Edit(f"{slot}/W-for-V", {back: text.format(V=weights(case, j), up=up)})
    for j in range(k + 2, case.depth + 1):
        yield Edit(f"{slot}/delta-too-early", {back: text.format(V=V, up=f"delta{j}")})
    for name, slope in _slopes(case, k):
        yield Edit(f"{slot}/{name}", {f"slope{k}": slope})


def _slopes(case: Deep, k: int) -> Iterator[tuple[str, str]]:
    """(mistake, text) of f'."""
    f, u, h = case.hidden[k - 1], f"u{k}", f"h{k}"
    yield "f-for-slope", h
    yield from (("slope-of-other", DERIVATIVE[g][0].format(u=u))
                for g in ("relu", "sigmoid", "tanh") if g != f)  # fmt: skip
    yield from (("slope-of-layer", DERIVATIVE[f][0].format(u=f"u{j}")) for j in _others(case, k))
    if f == "relu":
        yield "slope-reversed", f"np.where({u} < 0, 1.0, 0.0)"
    else:
        yield "slope-at-z", DERIVATIVE[f][0].format(u=h)
        yield "slope-1-f", f"1 - {h}"
        rules = {"sigmoid": "{0} * (1 {1} {0})", "tanh": "1 {1} {0}**2"}[f]
        yield "slope-plus", rules.format(h, "+")
        yield "slope-rule-at-u", rules.format(u, "-")


def _of_gradient(case: Deep, k: int) -> Iterator[Edit]:
    slot, x, d = f"dW{k}", given(case, k), f"delta{k}"
    layout = LAYOUTS[case.layout]
    share = f" / {case.n}" if case.mean == "gradients" else ""
    yield from (Edit(f"{slot}/{name}", {slot: text}) for name, text in {
        "sign": "-{}",
        "times-2": "2 * {}",
        "transposed": LAYOUTS[OTHER_WAY[case.layout]].outer[0].format(d=d, x=x) + share,
    }.items())  # fmt: skip
    yield from _of_share(case, slot, layout.outer[0].format(d=d, x=x))
    inputs = [given(case, j) for j in _others(case, k)]
    for other in inputs + ([f"u{k - 1}"] if k > 1 and not case.front else []):
        text = layout.outer[0].format(d=d, x=other) + share
        yield Edit(f"{slot}/{'u-for-z' if other[0] == 'u' else 'other-input'}", {slot: text})
    for j in _others(case, k):
        text = layout.outer[0].format(d=f"delta{j}", x=x) + share
        yield Edit(f"{slot}/other-delta", {slot: text})


def _of_share(case: Deep, slot: str, text: str) -> Iterator[Edit]:
    """A mean where the sum belongs, or the other way round."""
    if case.mean == "gradients":
        yield Edit(f"{slot}/sum-for-mean", {slot: text})
    elif not case.layout.startswith("sample"):
        yield Edit(f"{slot}/over-n", {slot: f"{{}} / {case.n}"})


def _of_bias(case: Deep, k: int) -> Iterator[Edit]:
    slot, d, layout = f"db{k}", f"delta{k}", LAYOUTS[case.layout]
    share = f" / {case.n}" if case.mean == "gradients" else ""
    yield from (Edit(f"{slot}/{name}", {slot: text}) for name, text in {
        "bias-sign": "-{}",
        "bias-times-2": "2 * {}",
        "bias-zeroed": f"np.zeros_like(b{k})",
        "bias-summed-over-units": f"np.sum({d})" + share,
    }.items())  # fmt: skip
    if not case.layout.startswith("sample"):
        yield Edit(f"{slot}/bias-of-one-sample", {slot: layout.first.format(d=d) + share})
    yield from _of_share(case, slot, layout.db[0].format(d=d))
    for j in _others(case, k):
        yield Edit(f"{slot}/other-delta", {slot: layout.db[0].format(d=f"delta{j}") + share})


def _of_step(case: Deep, k: int) -> Iterator[Edit]:
    for p in "W" if case.front else "Wb":
        slot = f"new_{p}{k}"
        steps = {
            "ascent": "{p}{k} + eta * d{p}{k}",
            "eta-missing": "{p}{k} - d{p}{k}",
            "eta-twice": "{p}{k} - eta * eta * d{p}{k}",
            "old-forgotten": "-eta * d{p}{k}",
            "never-moves": "",
        }
        made = {name: text.format(p=p, k=k) for name, text in steps.items()}
        yield from (Edit(f"{slot}/{name}", {slot: text}) for name, text in made.items())
        for j in _others(case, k):
            yield Edit(f"{slot}/other-gradient", {slot: f"{p}{k} - eta * d{p}{j}"})
