"""The recipes of docs/graders: each grades the lecture's exercise, done rightly and wrongly."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from .classroom.many import written

ROOT = Path(__file__).parents[1]
GRADERS = ROOT / "docs" / "graders"
RIGHT = """import numpy as np
def backprop(W, V, x, y):
    u = W @ x
    z = np.append(1, np.maximum(u, 0))
    e = np.exp(V @ z - np.max(V @ z))
    delta2 = e / e.sum() - y
    delta1 = V[:, 1:].T @ delta2 * (u > 0)
    return np.outer(delta1, x), np.outer(delta2, z)
"""
WRONG = RIGHT.replace(" * (u > 0)", "")
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
ENV = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT), "PATH": PATH}


def run(*args, cwd):
    done = subprocess.run(args, cwd=cwd, env=ENV, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def notebook(path, code):
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": [{**cell, "source": code}], "nbformat": 4,
                                "nbformat_minor": 5, "metadata": {"kernelspec": kernel}}))  # fmt: skip


# Gradescope


@pytest.fixture
def gradescope(tmp_path):
    """Gradescope's folder /autograder, with a submission in it: its results.json."""
    if os.name != "posix" or not shutil.which("bash"):
        pytest.skip("no bash")
    (tmp_path / "source").mkdir()
    for name in ("gradescope/results.py", "gradescope/run_autograder", "rubric.toml"):
        shutil.copy(GRADERS / name, tmp_path / "source")
    (tmp_path / "results").mkdir()

    def grade(files):
        shutil.rmtree(tmp_path / "submission", ignore_errors=True)
        (tmp_path / "submission").mkdir()
        for name, text in files.items():
            (tmp_path / "submission" / name).write_text(text, encoding="utf-8")
        env = {**ENV, "AUTOGRADER": str(tmp_path), "BIN": str(Path(sys.executable).parent)}
        subprocess.run(["bash", tmp_path / "source/run_autograder"], env=env, timeout=300,
                       capture_output=True, check=True)  # fmt: skip
        return json.loads((tmp_path / "results/results.json").read_text(encoding="utf-8"))

    return grade


@pytest.mark.slow
def test_gradescope(gradescope):
    found = gradescope({"homework.py": written("no slope"), "読んで.txt": "提出します。"})
    scores = {one["name"]: (one["score"], one["max_score"]) for one in found["tests"]}
    assert scores == {"delta2": (3, 3), "dV": (2, 2), "delta1": (0, 3), "dW": (2, 2)}
    assert found["output_format"] == "md"
    assert "ヒント" in found["output"]
    assert "slope-missing" not in found["output"]
    assert gradescope({"report.txt": "nothing"})["score"] == 0


# nbgrader


def test_nbgrader(tmp_path):
    pytest.importorskip("nbgrader")
    course = tmp_path / "course"
    shutil.copytree(GRADERS / "nbgrader", course)
    nbgrader = (sys.executable, "-m", "nbgrader")
    run(*nbgrader, "generate_assignment", "backprop", cwd=course)
    released = json.loads((course / "release/backprop/backprop.ipynb").read_text())
    assert "delta1" not in json.dumps(released), "the solution is not handed out"
    for student, code in (("right", RIGHT), ("wrong", WRONG)):
        folder = course / "submitted" / student / "backprop"
        shutil.copytree(course / "release/backprop", folder)
        answer = json.loads((folder / "backprop.ipynb").read_text())
        (cell,) = [c for c in answer["cells"] if c["metadata"]["nbgrader"]["grade_id"] == "answer"]
        cell["source"] = code
        (folder / "backprop.ipynb").write_text(json.dumps(answer))
    run(*nbgrader, "autograde", "backprop", cwd=course)
    with sqlite3.connect(course / "gradebook.db") as book:
        rows = book.execute(
            "select submitted_assignment.student_id, sum(grade.auto_score) from grade "
            "join submitted_notebook on grade.notebook_id = submitted_notebook.id "
            "join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id "
            "group by submitted_assignment.student_id").fetchall()  # fmt: skip
    book.close()
    assert dict(rows) == {"right": 10, "wrong": 5}


# otter-grader


@pytest.mark.parametrize(("code", "points"), [(RIGHT, 10), (WRONG, 5)])
def test_otter(code, points, tmp_path):
    pytest.importorskip("otter")
    shutil.copytree(GRADERS / "otter", tmp_path / "otter")
    notebook(tmp_path / "homework.ipynb", code)
    otter = (sys.executable, "-m", "otter")
    run(
        *otter,
        "generate",
        "-t",
        "otter/tests",
        "-o",
        "autograder.zip",
        "--no-environment",
        cwd=tmp_path,
    )
    run(*otter, "run", "-a", "autograder.zip", "-o", ".", "homework.ipynb", cwd=tmp_path)
    found = json.loads((tmp_path / "results.json").read_text())
    assert sum(one.get("score", 0) for one in found["tests"]) == points


def test_the_container_has_what_the_sandbox_needs():
    text = (GRADERS / "docker" / "Dockerfile").read_text()
    assert "libseccomp2" in text
    assert "[app]" in text
    assert 'ENTRYPOINT ["jaxmlp", "verify"]' in text


def test_what_is_sent_to_the_container_is_what_the_package_is_built_from():
    lines = (GRADERS / "docker" / "Dockerfile.dockerignore").read_text().split()
    assert lines[0] == "*"
    kept = {line[1:] for line in lines if line.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {
        name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    assert kept == {"pyproject.toml", project["project"]["readme"], *packages}
