"""Networks of one to four matrices: what is tried, which edits matter, and what came of it."""

import importlib.util
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from experiments.checker_study.derivations import spelled
from experiments.checker_study.edits import Edit, changed
from experiments.checker_study.judge import Arrays, apart, outputs, same
from experiments.checker_study.layer_edits import edits
from experiments.checker_study.layers import Deep, drawn, points, source, spellings, written
from jaxmlp.verify.check import check
from jaxmlp.verify.finding import File
from jaxmlp.verify.grading import Options
from jaxmlp.verify.homework import verify_file

DEPTHS = (1, 2, 3, 4)
# What else a mistake may rightly be called, beside what other edits that give the same are called.
KNOWN_AS = {
    "sign": {"uphill", "ascent", "g-y-exchanged"},
    "bias-sign": {"uphill", "sign", "ascent"},
    "ascent": {"uphill", "sign"},
    "eta-missing": {"no-step-size"},
    "times-2": {"other-factor"},
    "bias-times-2": {"other-factor"},
    "sum-for-mean": {"times-n", "bias-times-n", "weights-times-n", "other-factor"},
    "over-n": {"mean-for-sum", "bias-over-n", "weights-over-n", "other-factor"},
    "bias-zeroed": {"zero", "never-moves"},
    "u-for-z": {"other-input"},
    "other-input": {"x-for-z", "z-for-x"},
    "other-delta": {"another-derivative"},
    "delta-too-early": {"another-derivative"},
    "other-gradient": {"another-derivative"},
    "slope-of-layer": {"slope-at-a"},
    "output-slope-missing": {"slope-missing"},
    "output-slope-extra": {"softmax-diagonal"},  # of the squared error, where E is not told
}


def right_ones(many: int, rng: np.random.Generator, *, called: bool) -> Iterator[tuple[Deep, int]]:
    """(network, seed of its spellings), each depth as often as another."""
    for seed in range(many):
        yield _drawn(rng, DEPTHS[seed % len(DEPTHS)], called=called), seed


def wrong_ones(many: int, rng: np.random.Generator, *, called: bool) -> list[tuple]:
    """(network, edit, seed): of a few that matter, the one of the mistake that was taken least."""
    taken: dict[str, int] = {}
    made = []
    for seed in range(many):
        options = []
        while not options:
            alike = bool(rng.integers(2))
            case = _drawn(rng, DEPTHS[seed % len(DEPTHS)], called=called, alike=alike)
            options = matters(case, seed)
        least = min(rng.permutation(options), key=lambda i: taken.get(mistake(case, i), 0))
        taken[mistake(case, least)] = taken.get(mistake(case, least), 0) + 1
        made.append((case, (int(least),), seed))
    return made


def _drawn(rng: np.random.Generator, depth: int, *, called: bool, alike: bool = False) -> Deep:
    """As a file, or for a call of `check`, to which functions of two matrices are the lecture's."""
    forms = ["class"] if depth == 2 else ["function", "function", "class"]
    form = str(rng.choice(forms)) if called else ""
    case = drawn(rng, depth, form=form, alike=alike)
    if case.form == "function" and (called or not case.called):
        return case._replace(container="names", called=False)
    return case


def mistake(case: Deep, at: int, *, layer: bool = False) -> str:
    """The mistake, "delta/sign", or with its layer, "delta2/sign"."""
    slot, _, name = edits(case)[at].id.partition("/")
    return f"{slot if layer else slot.rstrip('0123456789')}/{name}"


def lines(case: Deep, seed: int) -> dict[str, str]:
    return spelled(spellings(case), np.random.default_rng(seed))


def values(case: Deep, made: dict[str, str]) -> list[Arrays | None]:
    return outputs(written(case, made), points(case))


def matters(case: Deep, seed: int) -> list[int]:
    """The edits that make something wrong of a right derivation."""
    plain = lines(case, seed)
    true = values(case, plain)
    made = [changed(plain, [one.sample]) for one in edits(case)]
    wrong = [values(case, one) for one in made]
    return [i for i, one in enumerate(wrong)
            if apart(one, true) and not _scaled(case, one, true)
            and not _is_right_of_one(case, made[i], plain)]  # fmt: skip


def _is_right_of_one(case: Deep, made: dict[str, str], plain: dict[str, str]) -> bool:
    """Whether it is right of a single output, but for axes of length 1, where nothing tells how
    many there are."""
    if case.update or case.called or case.output == "softmax":
        return False
    one = case._replace(sizes=(*case.sizes[:-1], 1))
    flat = ([a and tuple(map(np.ravel, a)) for a in values(one, text)] for text in (made, plain))
    return same(*flat)


def _scaled(case: Deep, one: list[Arrays | None], true: list[Arrays | None]) -> bool:
    """Whether it is a common multiple of the gradients: of ½E, or of a mean for a sum of E."""
    if any(a is None or [x.shape for x in a] != [x.shape for x in b]
           for a, b in zip(one, true, strict=True)):  # fmt: skip
        return False
    left, right = (_changes(case, given) for given in (one, true))
    factor = left @ right / (right @ right)
    downhill = factor > 0 or (not case.update and not case.called)
    return downhill and same([(left,)], [(factor * right,)])


def _changes(case: Deep, given: list[Arrays]) -> np.ndarray:
    """All gradients, or the differences of all parameters, one after the other."""
    olds = [point[: len(case.params)] for point in points(case)]
    pairs = (
        (p, q) for new, old in zip(given, olds, strict=True) for p, q in zip(new, old, strict=True)
    )
    return np.concatenate([(p - q if case.update else p).ravel() for p, q in pairs])


def texts(case: Deep, which: tuple[int, ...], seed: int) -> tuple[str, str]:
    """The derivation as a file, with its edit and without."""
    plain = lines(case, seed)
    made = changed(plain, [edits(case)[i].sample for i in which])
    return source(case, made), source(case, plain)


def found_in(case: Deep, text: str, *, called: bool) -> File:
    """What `jaxmlp verify` says of the file, or `check` of what it defines."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "derivation.py"
        path.write_text(text, encoding="utf-8")
        return _called(case, path) if called else verify_file(path, Options(limit=20.0))


def _called(case: Deep, path: Path) -> File:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
        (file,) = check(module.Net if case.form == "class" else module.gradients).files
    finally:
        del sys.modules[path.stem]
    return file


def is_named(case: Deep, which: tuple[int, ...], seed: int, ids: Iterable[str]) -> bool:
    """Whether one of the ids is the mistake's, or of one that gives the same."""
    plain, all_edits = lines(case, seed), edits(case)
    made = [values(case, changed(plain, [one.sample])) for one in all_edits]
    alike = [i for i, one in enumerate(made) if any(same(one, made[w]) for w in which)]
    names = {_name(all_edits[i]) for i in alike}
    return bool(set(ids) & names.union(*(KNOWN_AS.get(name, ()) for name in names)))


def _name(edit: Edit) -> str:
    return edit.id.partition("/")[2]
