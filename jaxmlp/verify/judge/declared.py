"""A derivation whose network is declared: the verdicts are known, running it tells the places.

The catalogue says what a step gives when a mistake is made in it; the first value on the tape that
is just this is the wrong expression.
"""

import contextlib
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify.derivation import DERIVATION, functions
from jaxmlp.verify.finding import Check, Words
from jaxmlp.verify.judge.joining import NEARER
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.places import placed
from jaxmlp.verify.layouts import prepend_one
from jaxmlp.verify.mistakes import CATALOGUE
from jaxmlp.verify.names import roles
from jaxmlp.verify.program import Mistake, Quantities
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.tape import Node

FLOAT32_TOLERANCE = 1e-5  # some compute in float32
ORDER_MISTAKES = frozenset(("y-missing", "1-at-the-end"))
PARAMETER_OF = {"dW": "W", "dV": "V"}
WAYS: dict[tuple[str, Words], list[Mistake]] = defaultdict(list)  # in which a mistake is made
for _one in CATALOGUE:
    WAYS[_one.id, _one.text].append(_one)


def at_places(
    known: Sequence[Check], alike: Sequence[Recording], parameters: Sequence[str],
    network: Network, lines: Sequence[str], cells: Sequence[int],
) -> tuple[Check, ...]:  # fmt: skip
    """The checks of a derivation, those that are wrong with the place of the mistake.

    Args:
        alike: calls of it.
        parameters: their names.
    """
    ids = {note.id for one in known for note in one.remarks}
    calls = [(one, right) for one in alike for right in _right(one, parameters, network, ids)]
    shared = [one.diagnosis for one in known if one.stage in PARAMETER_OF and one.diagnosis]
    both = len(shared) == 2 and shared[0] == shared[1]
    nodes = {check: next(filter(None, (_node(check, both, *call) for call in calls)), None)
             for check in known}  # fmt: skip
    return tuple(
        replace(check, place=placed(node.span, lines, cells)) if node else check
        for check, node in nodes.items()
    )


def says_more(told: Sequence[Check], known: Sequence[Check]) -> bool:
    """Whether running it says more: all stages, where all is right, or wrong only by the order of
    the parameters, or of what is given back; or the same, or what is nearer to the mistake."""
    ids = {note.id for check in known for note in check.diagnosis}
    by_run = {note.id for check in told for note in check.diagnosis}
    if all(check.verdict == "right" for check in told):
        return ids <= ORDER_MISTAKES
    alone = len([check for check in known if check.verdict == "wrong"]) == 1
    return (alone and by_run == ids) or bool(by_run & {*NEARER, "bias-over-units"})


def at_known_places(told: Sequence[Check], known: Sequence[Check]) -> tuple[Check, ...]:
    """What running it says, with the places of the same mistakes where they are known."""
    places = {c.diagnosis[0].id: c.place for c in known if c.diagnosis and c.place}
    ids = [c.diagnosis[0].id if c.diagnosis else "" for c in told]
    return tuple(replace(c, place=places.get(id, c.place))
                 for c, id in zip(told, ids, strict=True))  # fmt: skip


def with_told(told: Sequence[Check], known: Sequence[Check]) -> tuple[Check, ...]:
    """The checks of a derivation, with what it was compared with when it was run."""
    first, *rest = known
    return (replace(first, remarks=(*told[0].remarks[:1], *first.remarks)), *rest)


def _node(check: Check, both: bool, recording: Recording, right: Quantities) -> Node | None:
    """The expression of a mistake: the first that gives what is wrong by it, and nothing that is
    right somewhere; or else the last that gives what the check is about.

    Args:
        both: whether ∂E/∂V and ∂E/∂W are wrong by the same mistake.
    """
    ways = [WAYS[note.id, note.text] for note in check.diagnosis if note.explanation == 0]
    if not ways or not all(ways):
        return None
    rights = [getattr(right, name)[0] for name in DERIVATION.inputs]
    rights += _back(right)
    rights += [value for step in DERIVATION.steps for value in _values(right, step)]
    own = [n for n in recording.nodes.values() if n.span.line and n.op != "leaf"]
    strange = [n for n in own if not any(_is(n.value, one) for one in rights)]
    for mistakes in itertools.product(*ways):
        made, changed = right.having(*mistakes), {one.step for one in mistakes}
        value, *others = _values(made, check.stage) or [np.zeros(())]
        if factor := _factor(right, made, check.stage):
            deltas = ["delta1"] if check.stage == "dW" else []
            deltas = ["delta2"] if both or "delta2" in changed else deltas
            places = [_first(strange, [factor * one for one in _values(right, delta)])
                      for delta in deltas]  # fmt: skip
        else:
            places = [_first(own if may_be_right else strange, wanted)
                      for may_be_right, wanted in _spoiled(made, check.stage, changed)]  # fmt: skip
        places += [_first(own[::-1], wanted) for wanted in ([value], others[2:])]
        if node := next(filter(None, places), None):
            return node
    return None


def _first(nodes: Sequence[Node], wanted: Sequence[np.ndarray]) -> Node | None:
    """The first that gives one of these."""
    return next((n for n in nodes if any(_is(n.value, array) for array in wanted)), None)


def _factor(right: Quantities, made: Quantities, stage: str) -> float | None:
    """By which a gradient is a multiple of what is right."""
    pairs = zip(_values(made, stage)[:1], _values(right, stage)[:1], strict=False)
    alike = [pair for pair in pairs if pair[0].shape == pair[1].shape and stage in PARAMETER_OF]
    return next((multiple(*pair) for pair in alike), None)


def _spoiled(
    made: Quantities, stage: str, changed: set[str]
) -> Iterator[tuple[bool, list[np.ndarray]]]:
    """What these steps, and those after them, give, up to a stage; and whether it may be what is
    right somewhere else, as δ2 without y is g, and δ1 without f' is Ṽᵀδ2."""
    spoiled = DERIVATION.after(frozenset(changed)) & DERIVATION.before(stage)
    for step in (name for name in DERIVATION.steps if name in spoiled):
        yield False, [value + made.y[0] for value in _values(made, step) if step == "delta2"]
        yield False, _back(made) if step == "delta1" and "V_tilde" in spoiled else []
        yield False, _values(made, step)
        yield step in ("delta1", "delta2"), _values(made, step)


def _back(made: Quantities) -> list[np.ndarray]:
    """δ2 by way of Ṽ, before f' is in it."""
    with contextlib.suppress(ValueError):
        return [made.times * (made.delta2 @ made.V_tilde)[0]]
    return []


def _right(
    recording: Recording, parameters: Sequence[str], network: Network, ids: set[str]
) -> Iterator[Quantities]:
    """The right derivation for the arguments of a call, and for its first sample alone.

    Args:
        ids: of the conventions that it follows.
    """
    places, symbols = dict(recording.values), roles(parameters) or ()
    if not places.keys() >= {*parameters}:
        return
    arguments = {role: recording.nodes[places[name]].value
                 for name, role in zip(parameters, symbols, strict=True)}  # fmt: skip
    turned = "weights-transposed" in ids
    W, V = (arguments[k].T if turned else arguments[k] for k in ("W", "V"))
    if W.ndim != 2 or V.ndim != 2 or arguments["x"].ndim > 2 or arguments["y"].ndim > 2:
        return
    if "biases-apart" in ids:
        if (len(W), len(V)) != (arguments["b"].size, arguments["c"].size):
            return  # it has run with other shapes than a network's
        W, V = (np.hstack([arguments[b].reshape(-1, 1), w]) for b, w in (("b", W), ("c", V)))
    x, y = (arguments[k].T if "columns" in ids or "column" in ids else np.atleast_2d(arguments[k])
            for k in ("x", "y"))  # fmt: skip
    if network.bias and "one-given" not in ids:
        x = prepend_one(x)
    eta = float(np.ravel(arguments["eta"])[0]) if "eta" in arguments else 1.0
    times = 0.5 if "halved" in ids else 1.0
    known = {"W": W[None], "V": V[None], "by": functions(network), "bias": network.bias,
             "eta": eta, "update": "eta" in arguments, "times": times}  # fmt: skip
    for n in dict.fromkeys((len(x), 1)):
        both = {"x": x[None, :n], "y": y[None, :n], "mean": n > 1 and "mean" in ids}
        yield Quantities(DERIVATION, {**known, **both})


def _values(made: Quantities, step: str) -> list[np.ndarray]:
    """What a step gives; of a gradient the sum over the samples, what is added to the parameter,
    and the new one, too."""
    try:
        value = getattr(made, step)[0]
        if step in (*PARAMETER_OF, "delta1", "delta2"):
            value = made.times * value
        if step not in PARAMETER_OF:
            return [value]
        old, size = getattr(made, PARAMETER_OF[step])[0], value.size
        moved = [old - made.eta * value] if old.shape == value.shape else []
        return [value, value / made.share[0], made.eta * value, *moved] if size else []
    except (ValueError, IndexError):  # the sizes of this call do not allow it
        return []


def _is(value: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether a value is another, turned or not; 0 throughout says nothing."""
    value, wanted = np.squeeze(value), np.squeeze(wanted)
    size = np.abs(wanted).max(initial=0)
    return bool(size > 0) and any(
        value.shape == form.shape
        and np.allclose(value, form, rtol=0, atol=FLOAT32_TOLERANCE * size)
        for form in (wanted, wanted.T)
    )
