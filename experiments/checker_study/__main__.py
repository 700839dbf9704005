"""How good is the checker? Right and wrong derivations, written at random, are handed to it.

    python -m experiments.checker_study [--quick | --full] [--seed N] [--out DIR]

The mistakes are edits of source text, made as people make them (`checker_study/edits.py`), not
the formulas of the checker's own catalogue. Whether an edit matters, and whether two of them are
the same mistake, is decided by comparing what the edited derivations give.

Parts: right derivations (is any refused?); one mistake (refused? named?); two mistakes (both
named?); a mistake that the catalogue lacks (never called by a wrong name?); one unit's gradient
dropped, and one entry off by 1e-6 (refused?); right ones and single mistakes again, as files
that `jaxmlp verify` is given, where all that it knows is what they compute; and by depth: networks
of one to four matrices (`checker_study/layers.py`), right and with a mistake in one layer, as such
files, and handed to `check`. The numbers go to checker_study.json, the figure to
checker_study.png.
"""

import argparse
import multiprocessing
import os
import platform
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations, groupby
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
from rich.table import Table

from experiments import running
from experiments.checker_study import by_depth
from experiments.checker_study.derivations import NETWORKS, Case
from experiments.checker_study.edits import EDITS
from experiments.checker_study.figure import draw
from experiments.checker_study.judge import matters
from experiments.checker_study.layers import Deep
from experiments.checker_study.trials import (
    Outcome,
    Trial,
    draw_case,
    matter_together,
    run_many,
    verdicts,
)


class Plan(NamedTuple):
    """How many trials of each part; pairs and left-outs are counted for each (pair of) ids.

    Attributes:
        networks: how many of the networks.
        right, mixed, spoiled: derivations.
        singles: derivations.
        forms: how many ways of writing each edit is looked for in.
        pairs: derivations; per_pair: at most, of one pair of ids.
        left_out: derivations.
        files: derivations that are right, and as many with one mistake, each as a file.
        deep: of any depth, files that are right, and as many with one mistake.
        called, called_wrong: of any depth, right ones handed to `check`, and with one mistake.
        every: networks in which each edit and each pair is handed over, for the verdict alone.
        processes: at work.
    """

    networks: int
    right: int
    mixed: int
    spoiled: int
    singles: int
    pairs: int
    per_pair: int
    left_out: int
    files: int
    deep: int
    called: int
    called_wrong: int
    every: int
    processes: int


QUICK = Plan(1, 30, 3, 2, 30, 6, 1, 3, 2, 4, 2, 2, 0, 1)
NORMAL = Plan(len(NETWORKS), 10_000, 200, 100, 2_000, 400, 1, 200, 200, 200, 1_000, 400, 0, 2)
FULL = NORMAL._replace(every=len(NETWORKS))

# The ways in which mistakes are made: one sample or rows, with the deltas or without, updates.
FORMS = (
    {},
    {"deltas": True, "container": "dict"},
    {"batch": True},
    {"batch": True, "deltas": True, "container": "namedtuple"},
    {"batch": True, "reduction": "sum"},
    {"update": True},
    {"update": True, "batch": True},
)


def trials(plan: Plan, seed: int) -> list[Trial]:
    """All that will be tried."""
    rng = np.random.default_rng(seed)
    networks = [NETWORKS[i] for i in rng.permutation(len(NETWORKS))[: plan.networks]]
    cases = [network._replace(**form) for network in networks for form in FORMS]
    found = [*_right_ones(plan, networks, rng), *_spoiled(plan, networks, rng)]
    singles = [(case, (i,)) for case in cases for i in matters(case)]
    singles = _spread(singles, rng)
    in_jax = 0.05 if plan.processes > 1 else 0
    found += [Trial("single", _library(c, in_jax, rng), w) for c, w in singles[: plan.singles]]
    found += [Trial("left-out", c, w) for c, w in _spread(singles, rng)[: plan.left_out]]
    found += [Trial("file", _drawn(plan, networks, rng)._replace(jit=False), seed=seed)
              for seed in range(plan.files)]  # fmt: skip
    as_files = [(c, w) for c, w in _spread(singles, rng) if not _is_convention(c, w)]
    found += [Trial("file-single", c, w) for c, w in as_files[: plan.files]]
    found += [Trial("pair", case, which) for case, which in _pairs(plan, cases, rng)]
    return found + _of_any_depth(plan, np.random.default_rng(seed))


def _of_any_depth(plan: Plan, rng: np.random.Generator) -> list[Trial]:
    found = []
    for part, right, wrong in (
        ("deep", plan.deep, plan.deep),
        ("deep-call", plan.called, plan.called_wrong),
    ):
        called = part == "deep-call"
        found += [Trial(part, c, seed=s) for c, s in by_depth.right_ones(right, rng, called=called)]
        made = by_depth.wrong_ones(wrong, rng, called=called)
        found += [Trial(f"{part}-single", *one) for one in made]
    return found


def _is_convention(case: Case, which: tuple[int, ...]) -> bool:
    """Whether an edit makes the gradient that of ½ Σ (g − y)²: in a file that is no mistake."""
    halves = {"delta2/times-half", "share/times-half"}
    return case.loss == "squared_error" and _ids(which) in halves


def _right_ones(plan: Plan, networks: list[Case], rng: np.random.Generator) -> Iterator[Trial]:
    for seed in range(plan.right):
        yield Trial("right", _drawn(plan, networks, rng), seed=seed)
    for seed in range(plan.mixed):
        case = _drawn(plan, networks, rng)
        yield Trial("mixed", case._replace(dtype="float32", layout="rows", bias=True), seed=seed)


def _drawn(plan: Plan, networks: list[Case], rng: np.random.Generator) -> Case:
    case = draw_case(rng)
    if plan.networks == len(NETWORKS):
        return case
    network = networks[rng.integers(len(networks))]  # few, and in NumPy: nothing to compile
    layout = "rows" if case.layout == "vmap" else case.layout
    return case._replace(**dict(zip(Case._fields[:4], network[:4], strict=True)))._replace(
        library="numpy", jit=False, layout=layout
    )


def _spoiled(plan: Plan, networks: list[Case], rng: np.random.Generator) -> Iterator[Trial]:
    for part in ("row", "entry"):
        for seed in range(plan.spoiled):
            yield Trial(part, networks[rng.integers(len(networks))], seed=seed)


def _library(case: Case, in_jax: float, rng: np.random.Generator) -> Case:
    """In JAX now and then."""
    return case._replace(library="jax") if rng.random() < in_jax else case


def _ids(which: tuple[int, ...]) -> str:
    return " + ".join(sorted(EDITS[i].id for i in which))


def _spread(items: list, rng: np.random.Generator) -> list:
    """In random order, but first each id once, then each a second time, and so on."""
    seen, ranked = Counter(), []
    for at in rng.permutation(len(items)):
        ids = _ids(items[at][1])
        ranked.append((seen[ids], items[at]))
        seen[ids] += 1
    return [item for _, item in sorted(ranked, key=lambda one: one[0])]


def _pairs(plan: Plan, cases: list[Case], rng: np.random.Generator) -> Iterator[tuple]:
    """Two edits that can be made together, and are more than either of them."""
    some = [cases[i] for i in rng.permutation(len(cases))[: 40 * plan.per_pair]]
    every = [(c, p) for c in some for p in combinations(matters(c), 2)]
    taken = Counter()
    for case, which in _spread(every, rng):
        ids = _ids(which)
        if taken.total() == plan.pairs:
            return
        if taken[ids] < plan.per_pair and matter_together(case, which):
            taken[ids] += 1
            yield case, which


def outcomes(todo: list[Trial], processes: int, advance: Callable[[int], None]) -> list[Outcome]:
    """Try all, network by network, so that little is computed or compiled twice."""
    todo = sorted(todo, key=_network)
    chunks = [list(group) for _, group in groupby(todo, key=_network)]
    done = []
    if processes == 1:
        for trial in todo:
            done += run_many([trial])
            advance(1)
        return done
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for part in pool.imap_unordered(run_many, chunks):
            done += part
            advance(len(part))
    return done


def _network(trial: Trial) -> str:
    return repr(trial.case[:4])


def every(plan: Plan, progress: Progress) -> dict:
    """Every edit and every pair that matters, in every network: is each found wrong?"""
    cases = NETWORKS[: plan.every]
    bar = progress.add_task("every mistake and pair", total=len(cases))
    tried, passed = 0, []
    with multiprocessing.get_context("spawn").Pool(plan.processes) as pool:
        for case, (count, missed) in zip(cases, pool.imap(verdicts, cases), strict=True):
            tried += count
            passed += [{"case": case._asdict(), "edits": _ids(which)} for which in missed]
            progress.advance(bar)
    return {"tried": tried, "found wrong": tried - len(passed), "not found": passed}


def results(done: list[Outcome]) -> dict:
    """The numbers, part by part."""
    parts = defaultdict(list)
    for one in sorted(done, key=lambda o: repr(o.trial)):
        parts[one.trial.part].append(one)
    return {
        "right": _alarms(parts["right"]),
        "mixed precision": _alarms(parts["mixed"]),
        "one mistake": _named(parts["single"]),
        "two mistakes": _named(parts["pair"]),
        "left out of the catalogue": _left_out(parts["left-out"]),
        "one row dropped": _refused(parts["row"]),
        "one entry off by 1e-6": _refused(parts["entry"]),
        "right, as a file": _alarms(parts["file"]) | _unjudged(parts["file"]),
        "one mistake, as a file": _named(parts["file-single"]) | _unjudged(parts["file-single"]),
    } | {part: numbers for n in by_depth.DEPTHS for part, numbers in _of_depth(n, parts)}


def _of_depth(n: int, parts: dict[str, list[Outcome]]) -> Iterator[tuple[str, dict]]:
    """The parts of the networks of n matrices."""
    for part, way in {"deep": "as a file", "deep-call": "by check()"}.items():
        right, wrong = (
            [one for one in parts[which] if one.trial.case.depth == n]
            for which in (part, f"{part}-single")
        )
        yield f"right, depth {n}, {way}", _alarms(right) | _unjudged(right)
        yield f"one mistake, depth {n}, {way}", _named(wrong) | _unjudged(wrong)


def _unjudged(done: list[Outcome]) -> dict:
    return {
        "not judged": sum(one.unrecognised for one in done),
        "at its line": sum(one.placed for one in done),
        "elsewhere": [_spec(one) for one in done if one.wrong and not one.placed],
    }


def _alarms(done: list[Outcome]) -> dict:
    false = [one for one in done if one.wrong]
    return {
        "tried": len(done),
        "false alarms": len(false),
        "which": [_spec(one) | {"text": one.text} for one in false],
    }


def _refused(done: list[Outcome]) -> dict:
    return {
        "tried": len(done),
        "found wrong": sum(one.wrong for one in done),
        "not found": [_spec(one) for one in done if not one.wrong],
    }


def _named(done: list[Outcome]) -> dict:
    by_ids = defaultdict(list)
    for one in done:
        by_ids[_label(one.trial, layer=False)].append(one)
    return _refused(done) | {
        "named": sum(one.named for one in done),
        "called unrecognised": sum(one.unrecognised and not one.named for one in done),
        "by id": {
            ids: {"tried": len(group), "named": sum(one.named for one in group)}
            for ids, group in sorted(by_ids.items())
        },
        "not named": [_spec(one) for one in done if one.wrong and not one.named],
    }


def _left_out(done: list[Outcome]) -> dict:
    misnamed = [one for one in done if one.wrong and not (one.named or one.unrecognised)]
    return _refused(done) | {
        "called unrecognised": sum(one.unrecognised for one in done),
        "named by the same function": sum(one.named for one in done),
        "misnamed": len(misnamed),
        "which": [_spec(one) for one in misnamed],
    }


def _spec(one: Outcome) -> dict:
    """All that is needed to try it again."""
    trial = one.trial
    spec = {"case": trial.case._asdict(), "seed": trial.seed, "said": one.said}
    return {"edits": _label(trial)} | spec if trial.which else spec


def _label(trial: Trial, *, layer: bool = True) -> str:
    """The ids of its edits; of any depth with the layer or without."""
    if isinstance(trial.case, Deep):
        return " + ".join(by_depth.mistake(trial.case, i, layer=layer) for i in trial.which)
    return _ids(trial.which)


def setting(seed: int, size: str, seconds: float) -> dict:
    """Where the numbers come from."""
    return {
        "seed": seed,
        "size": size,
        "seconds": round(seconds),
        "versions": running.versions(),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
    }


def answer(found: dict) -> str:
    """The numbers as a sentence."""
    right, one, two = (found[part] for part in ("right", "one mistake", "two mistakes"))
    return (
        f"Of {right['tried']:,} right derivations it refused {right['false alarms']:,}; of "
        f"{one['tried']:,} with one mistake it refused {one['found wrong']:,} and named the "
        f"mistake in {one['named']:,}; of {two['tried']:,} with two it refused "
        f"{two['found wrong']:,} and named both in {two['named']:,}."
    )


def summary(found: dict) -> Table:
    """The numbers as a table."""
    table = Table(
        "part", "tried", "refused", "named", "at its line", "unrecognised", "not judged", "amiss"
    )
    for part, numbers in found.items():
        amiss = ("false alarms", "misnamed")
        cells = (
            numbers["tried"],
            numbers.get("found wrong", numbers.get("false alarms")),
            numbers.get("named", numbers.get("named by the same function", "")),
            numbers.get("at its line", "") if "named" in numbers else "",
            numbers.get("called unrecognised", ""),
            numbers.get("not judged", ""),
            next((numbers[key] for key in amiss if key in numbers), ""),
        )
        table.add_row(part, *map(str, cells))
    return table


def arguments() -> argparse.Namespace:
    parser = running.parser(running.question_of(__doc__), "a few of each, in seconds")
    every = "and every mistake and pair in every network, for the verdict"
    parser.add_argument("--full", action="store_true", help=every)
    parser.add_argument("--seed", type=int, default=0)
    return running.parsed(parser, None)


def main() -> int:
    chosen, console, start = arguments(), Console(), time.monotonic()
    size = "quick" if chosen.quick else "full" if chosen.full else "normal"
    plan = {"quick": QUICK, "full": FULL, "normal": NORMAL}[size]
    with Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        bar = progress.add_task("drawing the derivations", total=None)
        todo = trials(plan, chosen.seed)
        progress.update(bar, description="checking", total=len(todo))
        done = outcomes(todo, plan.processes, lambda n: progress.advance(bar, n))
        found = results(done)
        if plan.every:
            found["every mistake and pair"] = every(plan, progress)
    for alarm in found["right"]["which"]:
        console.print("false alarm:", alarm["case"], "seed", alarm["seed"], alarm["said"])
    console.print(summary(found))
    said = {"question": running.question_of(__doc__), "answer": answer(found)}
    everything = said | setting(chosen.seed, size, time.monotonic() - start) | found
    running.write(chosen, "checker_study", everything)
    by_id = [found[part]["by id"] for part in ("one mistake", "two mistakes")]
    draw(*by_id, found, chosen.out / "checker_study.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
