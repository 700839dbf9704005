"""One trial: a derivation is written, right or wrong, and handed to the checker."""

import difflib
import functools
import inspect
import itertools
import re
import tempfile
import warnings
from collections.abc import Callable, Iterable
from itertools import islice, product
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from experiments.checker_study import by_depth
from experiments.checker_study.derivations import (
    HIDDEN,
    PAIRS,
    Case,
    Everything,
    Pair,
    at_random,
    right,
    source,
    written,
)
from experiments.checker_study.edits import EDITS, SYNONYMS, combinable, edited
from experiments.checker_study.judge import (
    apart,
    called,
    differs,
    equal_to_one_of,
    matters,
    mutant,
    outputs,
    points,
)
from experiments.checker_study.layers import Deep
from jaxmlp.verify import mistakes
from jaxmlp.verify.check import check
from jaxmlp.verify.finding import File
from jaxmlp.verify.grading import Options
from jaxmlp.verify.homework import verify_file
from jaxmlp.verify.report.telling import NOT_LOOKED_AT

HEAD = f"""
import numpy as np
import jax
import jax.numpy as jnp
from typing import NamedTuple
{inspect.getsource(Pair)}
{inspect.getsource(Everything)}
"""


class Trial(NamedTuple):
    """What is tried.

    Attributes:
        part: "right"; "mixed", right, too, but in float32 and float64 mixed; "single", "pair"
            or "left-out", edits; "row" or "entry", spoiled results; "file" and "file-single",
            right or with an edit, handed over as the text of a file; "deep" and "deep-single",
            the same of any depth; "deep-call" and "deep-call-single", handed to `check`.
        case: the network, and how it is written.
        which: the edits made, by their places in `EDITS`, or in `edits` of a network of any depth.
        seed: of the spellings, or of the entry changed.
    """

    part: str
    case: Case | Deep
    which: tuple[int, ...] = ()
    seed: int = 0


class Outcome(NamedTuple):
    """What came of it.

    Attributes:
        trial: what was tried.
        wrong: whether the checker refused it.
        named: whether each mistake was named, or something that is the same function.
        unrecognised: whether the checker knew no name for some quantity, or named nothing; of a
            file, whether it was not judged.
        said: "stage: verdict (ids)", check by check.
        text: the derivation, where it is one written at random.
        placed: of a file, whether what is told stands in a line that was edited.
    """

    trial: Trial
    wrong: bool
    named: bool
    unrecognised: bool
    said: str
    text: str = ""
    placed: bool = False


def draw_case(rng: np.random.Generator) -> Case:
    """A network and a way of writing, at random."""

    def one(*choices):
        return choices[rng.integers(len(choices))]

    output, loss = one(*PAIRS)
    library = "jax" if rng.random() < 0.12 else "numpy"  # it is ten times as slow
    batch = one(True, False)
    layouts = ("rows", "rows", "loop", "vmap") if library == "jax" else ("rows", "rows", "loop")
    container = one("pair", "dict", "namedtuple")
    return Case(
        one(*HIDDEN),
        output,
        loss,
        bias=one(True, False),
        batch=batch,
        reduction=one("mean", "sum") if batch else "mean",
        deltas=container != "pair" and one(True, False),
        container=container,
        library=library,
        jit=library == "jax" and rng.random() < 0.1,
        dtype=one("float32", "float64"),
        layout=one(*layouts) if batch else "rows",
    )


def run(trial: Trial) -> Outcome:
    """Hand the derivation to the checker, and judge what it says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ways = {"right": _right, "mixed": _right, "row": _spoiled, "entry": _spoiled}
        ways |= {"file": _in_file, "file-single": _in_file}
        way = _of_any_depth if isinstance(trial.case, Deep) else ways.get(trial.part, _edited)
        return way(trial)


def verdicts(case: Case) -> tuple[int, list[tuple[int, ...]]]:
    """(how many single edits and pairs matter in this case, those that the checker lets pass).

    Without a catalogue: whether a thing is wrong does not depend on it, and this is much faster.
    """
    jax.config.update("jax_traceback_filtering", "off")  # it takes longer than all else together
    usable = matters(case)
    pairs = (pair for pair in itertools.combinations(usable, 2) if matter_together(case, pair))
    passed, tried = [], 0
    for which in itertools.chain(((i,) for i in usable), pairs):
        wrong = written(case, edited(case, [EDITS[i] for i in which]))
        tried += 1
        if _check(case, wrong, ()).right:
            passed.append(which)
    return tried, passed


def matter_together(case: Case, which: tuple[int, int]) -> bool:
    """Whether two edits can be made together, and are more than either of them."""
    if not combinable(case, *(EDITS[i] for i in which)) or not differs(case, which):
        return False
    return all(apart(mutant(case, (i,)), mutant(case, which)) for i in which)


def _right(trial: Trial) -> Outcome:
    case, rng = trial.case, np.random.default_rng(trial.seed)
    many = (at_random(case, rng) for _ in range(1000))
    lines = next(one for one in many if _keeps_dtype(case, one) != (trial.part == "mixed"))
    report = _check(case, written(case, lines))
    accepted = ("right", "imprecise") if trial.part == "mixed" else ("right",)
    wrong = any(one.verdict not in accepted for one in report.checks)
    return Outcome(trial, wrong, True, False, said(report), source(case, lines))


def _keeps_dtype(case: Case, lines: dict[str, str]) -> bool:
    """Whether all results are of the dtype that it means to compute in.

    They are not where a 1 without a dtype makes float64 of what was computed in float32.
    """
    if case.dtype == "float64":
        return True
    function, argument = written(case, lines), points(case)[0]
    if case.library == "jax":
        given = jax.tree.leaves(jax.eval_shape(function, *argument))
    else:
        given = outputs(function, [argument])[0]
    return all(part.dtype == case.dtype for part in given)


def _edited(trial: Trial) -> Outcome:
    case = trial.case
    catalogue = mistakes.CATALOGUE
    if trial.part == "left-out":
        catalogue = _without(EDITS[trial.which[0]].id)
    report = _check(case, written(case, edited(case, [EDITS[i] for i in trial.which])), catalogue)
    found = [note.id for one in report.checks for note in one.diagnosis]
    return Outcome(
        trial, not report.right, _is_named(trial, report),
        not found or "unrecognised" in found, said(report)
    )  # fmt: skip


def _is_named(trial: Trial, report) -> bool:
    """Whether a report names these edits, or what is the same function."""
    same = equal_to_one_of(trial.case, trial.which, _explanations(report))
    return same or _all_named(trial, report)


def _all_named(trial: Trial, report) -> bool:
    """Whether each edit's own name, or another for the same function, is among as many notes."""
    notes = {(n.id, _step(n, one)) for one in report.checks for n in one.diagnosis}
    named = {EDITS[i].id for note in notes for i in called(*note)}
    own = [{EDITS[i].id}.union(*(s for s in SYNONYMS if EDITS[i].id in s)) for i in trial.which]
    return len(notes) >= len(own) and all(ids & named for ids in own)


def _spoiled(trial: Trial) -> Outcome:
    """A right derivation with one row of a gradient dropped, or one entry a little off."""
    function, rng = written(trial.case, right(trial.case)), np.random.default_rng(trial.seed)
    which, at = rng.integers(2), rng.random(2)

    def spoil(*args):
        given = [np.array(part) for part in function(*args)]
        place = tuple((at * given[which].shape).astype(int))
        if trial.part == "row":
            given[which][place[0]] = 0
        else:
            given[which][place] *= 1 + 1e-6
        return tuple(given)

    report = _check(trial.case, functools.wraps(function)(spoil))
    return Outcome(trial, not report.right, False, True, said(report))


def _in_file(trial: Trial) -> Outcome:
    """What `jaxmlp verify` says of the derivation alone in a file, its network being declared."""
    case, edits = trial.case, [EDITS[i] for i in trial.which]
    lines = at_random(case, np.random.default_rng(trial.seed))
    text = HEAD + source(case, edited(case, edits) if edits else lines)
    plain = HEAD + source(case, right(case))
    said_of = {role: getattr(case, role) for role in ("hidden", "output", "loss", "bias")}
    said_of |= {"reduction": case.reduction} if case.batch else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "derivation.py"
        path.write_text(text, encoding="utf-8")
        file = verify_file(path, Options(limit=20.0, **said_of))
    return _outcome(trial, file, text, plain, lambda: _is_named(trial, file))


def _of_any_depth(trial: Trial) -> Outcome:
    """What `jaxmlp verify` says of a file, or `check` of a function or a class."""
    case, made = trial.case, (trial.case, trial.which, trial.seed)
    text, plain = by_depth.texts(*made)
    file = by_depth.found_in(case, text, called="call" in trial.part)
    ids = [note.id for one in file.checks for note in one.diagnosis]
    return _outcome(trial, file, text, plain, lambda: by_depth.is_named(*made, ids))


def _outcome(
    trial: Trial, file: File, text: str, plain: str, is_named: Callable[[], bool]
) -> Outcome:
    refused = any(one.verdict in ("wrong", "crashed", "unfinished") for one in file.checks)
    left = not file.checks or any(note.id in NOT_LOOKED_AT for note in file.remarks)
    named = bool(trial.which) and refused and is_named()
    return Outcome(
        trial, refused, named, left and not refused, said(file), text, _is_placed(file, text, plain)
    )


def _is_placed(file: File, text: str, plain: str) -> bool:
    """Whether all lines that are told were edited.

    Where an edit leaves nothing but a name in a line, or moves an update, this may be the line
    before, or one that uses this name; where it only takes lines away, any.
    """
    lines, old = text.split("\n"), plain.split("\n")
    steps = difflib.SequenceMatcher(None, old, lines, autojunk=False).get_opcodes()
    edited = {k for step, _, _, first, end in steps if step != "equal" for k in range(first, end)}
    told = {one.place.line - 1 for one in file.checks if one.verdict == "wrong" and one.place}
    changed = {k: re.fullmatch(r"(\S+) -?= (.*)", lines[k].strip()) for k in edited}
    names = {k: m[1] for k, m in changed.items() if m and (m[2].isidentifier() or lines[k] in old)}
    uses = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names.values())
    near = {k - 1 for k in names} | {k for k in told if uses and re.search(uses, lines[k])}
    return bool(told) and (not edited or told <= edited | near)


def _check(case: Case, function, catalogue=mistakes.CATALOGUE):
    return check(function, case.network, reduction=case.reduction, catalogue=catalogue)


def _without(id: str) -> tuple:
    """The catalogue without what goes by a mistake's name."""
    return tuple(m for m in mistakes.CATALOGUE if m.id != id.partition("/")[2])


@functools.cache
def _steps() -> dict:
    return {(m.id, m.text): m.step for m in mistakes.CATALOGUE}


def _step(note, one) -> str:
    return _steps().get((note.id, note.text), one.stage)


def _explanations(report) -> list[list[list[int]]]:
    """The explanations of the report, each a list of mistakes, each the edits of that name.

    A mistake in the step that ∂E/∂V and ∂E/∂W share is read as one for both of them, though both
    checks note it, and then as one of each check that notes it.
    """
    return [*_read(report, shared=True), *_read(report, shared=False)]


def _read(report, *, shared: bool) -> list[list[list[int]]]:
    by_check = []
    for one in report.checks:
        groups = {}
        for note in one.diagnosis:
            step = _step(note, one)
            step = one.stage if step == "share" and not shared else step
            groups.setdefault(note.explanation, []).append((note.id, step))
        if groups:
            by_check.append(list(groups.values()))
    choices = islice(product(*by_check), 30) if by_check else ()
    return [_edits(itertools.chain(*choice)) for choice in choices]


def _edits(named: Iterable[tuple[str, str]]) -> list[list[int]]:
    """The edits that go by each (name, step); one that is shared is made once."""
    named = list(named)
    once = [one for at, one in enumerate(named) if one[1] != "share" or one not in named[:at]]
    return [called(*one) for one in once]


def said(report) -> str:
    """The report in one line."""
    parts = [
        f"{one.stage}: {one.verdict}" + (f" ({', '.join(ids)})" if ids else "")
        for one in report.checks
        for ids in [list(dict.fromkeys(note.id for note in one.diagnosis))]
    ]
    return "; ".join(parts)


def run_many(trials: list[Trial]) -> list[Outcome]:
    """A worker's portion."""
    with jax.enable_x64(True):
        return [run(trial) for trial in trials]
