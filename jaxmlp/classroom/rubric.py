"""Points for a submission, by a rubric in TOML."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jaxmlp.classroom.grading import Graded
from jaxmlp.classroom.mistakes import GRADED, UPSTREAM, graded_stage
from jaxmlp.verify.finding import VERDICTS, Check
from jaxmlp.verify.report.telling import ids

SHOWN_BY = {"delta2": ("dV", "dW"), "delta1": ("dW",)}  # what is made of it, and cannot hide it
SHARES = {"right": 1.0, "imprecise": 0.5, "not-by-hand": 0.0}
SHARE_NAMES = (*VERDICTS, "not-by-hand")


@dataclass(frozen=True)
class Rubric:
    """What each thing is worth.

    Attributes:
        points: by stage: delta2, dV, delta1, dW.
        functions: by a function's name, for ReLU, softmax and the like.
        shares: of the points, by verdict, and for what was not derived by hand; else 0.
    """

    points: Mapping[str, float]
    functions: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)

    @property
    def most(self) -> float:
        """The points of a submission that is right."""
        return sum(self.points.values()) + sum(self.functions.values())

    def share(self, check: Check) -> float:
        """What a check gets, from 0 to 1."""
        return self.shares.get("not-by-hand" if check.bought else check.verdict, 0.0)


def read_rubric(path: Path) -> Rubric:
    """A rubric as a file has it.

    Raises:
        OSError: it cannot be opened. ValueError: it is no rubric; the message says what is.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as why:
        raise ValueError(f"{path}: expected TOML in UTF-8, got {why}") from None
    if unknown := said.keys() - {"points", "functions", "shares"}:
        raise ValueError(f"{path}: expected [points], [functions], [shares], got {min(unknown)!r}")
    points = _numbers(said, "points", GRADED, path)
    if not points:
        raise ValueError(f"{path}: expected [points] with delta2, dV, delta1 or dW, got none")
    shares = SHARES | _numbers(said, "shares", SHARE_NAMES, path)
    if over := [name for name, share in shares.items() if share > 1]:
        raise ValueError(f"{path}: expected shares from 0 to 1, got {over[0]} = {shares[over[0]]}")
    return Rubric(points, _numbers(said, "functions", None, path), shares)


def _numbers(
    said: Mapping, table: str, known: Sequence[str] | None, path: Path
) -> dict[str, float]:
    rows = said.get(table, {})
    if not isinstance(rows, dict):
        raise ValueError(f"{path}: expected a table [{table}], got {rows!r}")
    for name, value in rows.items():
        if known is not None and name not in known:
            raise ValueError(f"{path}: expected {', '.join(known)} in [{table}], got {name!r}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
            raise ValueError(f"{path}: expected a number from 0 for {name!r}, got {value!r}")
    return {name: float(value) for name, value in rows.items()}


@dataclass(frozen=True)
class RubricPoints:
    """The points of a submission.

    Attributes:
        parts: by stage and function.
        total: None where nothing could be judged, and a person has to look.
    """

    parts: Mapping[str, float]
    total: float | None


def awarded_points(graded: Graded, rubric: Rubric) -> RubricPoints:
    """The points of a submission: each mistake costs once, at the stage where it was made.

    A stage that is shown twice, in a function and in the loop, is as good as the worse of the two.
    One that is not shown by itself is as good as what is made of it: with ∂E/∂W judged, δ1 is.
    """
    checks = graded.checks
    by_stage = {stage: [c for c in checks if graded_stage(c) == stage] for stage in GRADED}
    own = [c for c in checks if c.stage.startswith("∂E/∂") and not graded_stage(c)]
    if any(by_stage.values()):
        parts = _by_stage(by_stage, rubric, _costing(checks, rubric))
    elif own:
        parts = _by_parameter(own, rubric)
    elif any(c.stage in ("derivation", "update") for c in checks):
        parts = dict.fromkeys(rubric.points, 0.0)
    else:
        parts = {}
    for name, worth in rubric.functions.items():
        mine = [rubric.share(c) for c in checks if c.name.lower() == name.lower()]
        parts[name] = worth * min(mine, default=0.0)
    judged = set(parts) & set(rubric.points)
    return RubricPoints(parts, round(sum(parts.values()), 6) if judged else None)


def _costing(checks: Sequence[Check], rubric: Rubric) -> set[str]:
    """What a wrong function does to the stages that call it, where it costs points of its own."""
    names = {name.lower() for name in rubric.functions}
    small = ("value", "derivative")
    wrong = any(
        c.stage in small and c.verdict == "wrong" and c.name.lower() in names for c in checks
    )
    return {"unrecognised"} if wrong else set()


def _by_stage(
    by_stage: Mapping[str, Sequence[Check]], rubric: Rubric, paid: set[str]
) -> dict[str, float]:
    charged: dict[str, set[str]] = {}
    parts = {}
    for stage, worth in ((s, rubric.points[s]) for s in GRADED if s in rubric.points):
        known = paid | {
            told for above in UPSTREAM.get(stage, ()) for told in charged.get(above, ())
        }
        mine = by_stage[stage]
        lost = [c for c in mine if rubric.share(c) < 1 and not (ids(c) and ids(c) in known)]
        charged[stage] = {ids(c) for c in lost}
        shown = mine or any(
            not check.bought for below in SHOWN_BY.get(stage, ()) for check in by_stage[below]
        )
        parts[stage] = worth * min(map(rubric.share, lost), default=1.0) if shown else 0.0
    return parts


def _by_parameter(own: Sequence[Check], rubric: Rubric) -> dict[str, float]:
    """The points divided among the parameters of a network that keeps them in its own places."""
    worst: dict[str, float] = {}
    for check in own:
        worst[check.stage] = min(rubric.share(check), worst.get(check.stage, 1.0))
    share = sum(worst.values()) / len(worst)
    return {stage: worth * share for stage, worth in rubric.points.items()}
