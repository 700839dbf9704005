"""An activation and its derivative as methods of a class: f' compared with autodiff of f."""

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from jaxmlp.verify.calling import Subject
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.given import F
from jaxmlp.verify.judge.naming import RELATIVE_TOLERANCE
from jaxmlp.verify.judge.places import placed
from jaxmlp.verify.pieces import Piece
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.slope_pairs import SlopePair, slope_pairs
from jaxmlp.verify.slips import of_output
from jaxmlp.verify.small import judged_quantity
from jaxmlp.verify.truth import adjoints, replay

NEAR = 0.01  # of the largest entry, that an approximation may be off


def slope_checks(
    recording: Recording, seed: int, lines: Sequence[str], cells: Sequence[int]
) -> tuple[Check, ...]:
    """The checks of derivatives that a class gives beside their functions; none where it does not.

    Args:
        recording: of a call of the class with x alone.
        lines: of the file.
        cells: of a notebook, the first line of each; else nothing.
    """
    graph = Graph(recording.nodes)
    pairs, checks = slope_pairs(recording, graph), []
    for pair in pairs:
        name = f"{recording.name}.{pair.slope_name}" if len(pairs) > 1 else recording.name
        try:
            at = adjoints.states(recording, [pair.given], seed)
            true = adjoints.of_own(recording, graph, [pair.given], pair.f, at)[pair.given]
            check = _judged(recording, name, pair, at, true)
        except (replay.NotReplayed, ValueError, KeyError):
            continue
        right = check.verdict == "right"
        place = None if right else placed(recording.nodes[pair.slope].span, lines, cells)
        checks.append(replace(check, line=recording.line or None, place=place))
    return tuple(checks)


def _judged(
    recording: Recording, name: str, pair: SlopePair, at: adjoints.States, true: np.ndarray
) -> Check:
    """The verdict on f'(x), which may be given f(x) in place of x."""
    nodes = recording.nodes
    inputs, outputs = (np.stack([state[i] for state in at]) for i in (pair.given, pair.f))

    def given(values: np.ndarray) -> np.ndarray:
        again = (dict.fromkeys(pair.slope_given, np.asarray(value)) for value in values)
        made = (replay.values(nodes, replaced, any_way=True) for replaced in again)
        return np.stack([np.asarray(one[pair.slope], float) for one in made])

    near = functools.partial(np.allclose, b=true, rtol=RELATIVE_TOLERANCE, atol=1e-12)
    right = Check(name, "derivative", "right")
    if near(mine := given(inputs)):
        return right
    if near(given(outputs)):
        return of_output(right)
    off = np.abs(mine - true).max() / max(np.abs(true).max(), 1e-300)
    if off < NEAR:
        return replace(right, verdict="imprecise", diagnosis=(_near(pair.name, off),))
    if known := next((of for of, f in F.items() if np.allclose(f(inputs), outputs)), None):
        subject, u = Subject(name, lambda _: (None, []), ()), inputs.reshape(-1, inputs.shape[-1])
        again = lambda u: given(u.reshape(inputs.shape)).reshape(u.shape)  # noqa: E731
        return judged_quantity(subject, Piece("derivative", known), {"u": u}, again(u), again)
    note = Note("not-its-derivative", Words(
        f"This is not the derivative of what {pair.name} gives.",
        f"{pair.name} の返す値の微分ではありません。"))  # fmt: skip
    return replace(right, verdict="wrong", diagnosis=(note,))


def _near(name: str, off: float) -> Note:
    """That it is close to the derivative, as one of another approximation is."""
    return Note("near-its-derivative", Words(
        f"This differs from the derivative of what {name} gives by up to {off:.2%}.",
        f"{name} の返す値の微分と最大 {off:.2%} ずれています。"))  # fmt: skip
