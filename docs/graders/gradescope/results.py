"""Gradescope's results.json out of what `jaxmlp verify --out` has written for one student."""

import csv
import json
import sys
import tomllib
from pathlib import Path


def results(rubric: Path, graded: Path) -> dict:
    """The points by stage, and the feedback; where nothing was judged, no points and the reason."""
    worth = tomllib.loads(rubric.read_text(encoding="utf-8"))["points"]
    try:
        with open(graded / "points.csv", encoding="utf-8-sig", newline="") as file:
            row = next(csv.DictReader(file))
        (page,) = (graded / "feedback").glob("*.md")
    except (OSError, StopIteration, ValueError):
        return {"score": 0, "output": "No Python was found in the submission.", "tests": []}
    tests = [
        {"name": stage, "score": float(row[stage] or 0), "max_score": most, "visibility": "visible"}
        for stage, most in worth.items()
    ]
    output = page.read_text(encoding="utf-8")
    return {"output": output, "output_format": "md", "tests": tests}


if __name__ == "__main__":
    rubric, graded, out = map(Path, sys.argv[1:])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(
        json.dumps(results(rubric, graded), ensure_ascii=False, indent=2), encoding="utf-8"
    )
