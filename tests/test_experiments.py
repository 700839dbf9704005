"""Every experiment at its quick size: an answer, its numbers, its figures; twice the same."""

import copy
import importlib
import json
from pathlib import Path

import jax
import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LinearRegression

from experiments import index, reduced_rank_regression, running, step_sizes
from experiments.float_precision import in_tf32
from jaxmlp import Network, backprop, difference, init

HERE = Path(running.__file__).parent
NAMES = sorted(p.stem for p in HERE.glob("*.py") if "\ndef experiment(" in p.read_text("utf-8"))


@pytest.fixture(autouse=True)
def as_users_have_it():
    """float32, and JAX without the suite's strictness."""
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
    ):
        yield


def quick(name: str, out: Path | None) -> dict:
    module = importlib.import_module(f"experiments.{name}")
    where = [] if out is None else ["--out", str(out)]
    running.main(module.experiment, module.QUICK, ["--quick", *where])
    return json.loads(((out or running.QUICK) / f"{name}.json").read_text("utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_quick(name, tmp_path, capsys):
    record = quick(name, tmp_path)
    module = importlib.import_module(f"experiments.{name}")
    assert record["question"] == module.__doc__.partition("\n")[0]
    assert record["question"].endswith("?")
    assert record["answer"].endswith(".")
    assert "nan" not in record["answer"]
    assert record["settings"].items() >= running.plain(module.QUICK).items()
    assert record["numbers"]
    assert record["timings"]["seconds"] > 0
    assert "jaxlib" in record["versions"]
    for path in tmp_path.glob("*.png"):
        image = matplotlib.image.imread(path)
        assert image.shape[1] <= 1300
        assert len(np.unique(image[..., 0])) > 20
    assert (tmp_path / f"{name}.png").exists()
    assert " ".join(record["answer"].split()[:3]) in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
def test_a_second_run_has_the_same_numbers(tmp_path):
    one, other = (quick("template", tmp_path / which) for which in ("one", "other"))
    assert one.pop("timings") != other.pop("timings")
    assert one == other


def test_what_is_not_finite_is_null(tmp_path):
    found = running.Finding("It is.", {"a": np.array([np.nan, 1 / 3])}, Figure(figsize=(1, 1)))
    options = running.parsed(running.parser("Is it?"), ["--out", str(tmp_path / "new")])
    running.write(options, "name", running.record(found, "Is it?", {}, {"seconds": 1.0}))
    record = json.loads((tmp_path / "new/name.json").read_text())
    assert record["numbers"] == {"a": [None, 0.333333]}
    assert "quick" not in record


@pytest.mark.slow
def test_a_quick_run_is_kept_away_from_the_results_and_the_index(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    quick("template", None)
    assert not (tmp_path / running.RESULTS).exists()
    assert {path.name for path in (tmp_path / running.QUICK).iterdir()} == {
        "template.json", "template.png"}  # fmt: skip
    with pytest.raises(SystemExit, match="2"):
        quick("template", HERE / "results")
    assert "expected another folder than that of the results" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"template.json: expected the numbers of a full run"):
        index.page(running.QUICK)


@pytest.mark.slow
def test_tf32_rounds_what_backprop_does_not():
    network = Network("tanh", "softmax", "cross_entropy")
    params = init(network, (5, 3, 4), key=jax.random.key(0), initializer=0.7, dtype="float32")
    x, y = jax.random.normal(jax.random.key(1), (6, 5)), jax.nn.one_hot(jax.numpy.arange(6) % 4, 4)
    found = difference(in_tf32(network, params, x, y), backprop(network, params, x, y))
    assert 1e-5 < found.relative < 2**-10 * 4
    held = jax.tree.map(lambda a: jax.numpy.round(a * 4) / 4, (params, x))  # in a few bits
    exact = [route(network, *held, y).delta2 for route in (in_tf32, backprop)]
    assert np.abs(np.subtract(*exact)).max() < 2**-10


def test_the_best_of_a_rank_is_scikit_learns():
    X, Y = reduced_rank_regression.data()
    np.testing.assert_allclose(X.T @ X / len(X), np.eye(X.shape[1]), atol=1e-12)
    fitted = LinearRegression(fit_intercept=False).fit(X, Y).predict(X)
    for q, expected in enumerate(reduced_rank_regression.optimum(X, Y)[1:], 1):
        svd = TruncatedSVD(q, algorithm="arpack", random_state=0) if q < 10 else None
        best = svd.inverse_transform(svd.fit_transform(fitted)) if svd else fitted
        assert ((Y - best) ** 2).sum() / len(Y) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [([2.0, 0.1, 2.4, 0.5], 3.0), ([2.4, 2.0, 0.1, np.inf], 4.0), ([2.4, 1, 0.5, 0.1], np.inf)],
)
def test_the_border_is_the_first_beyond_the_best(errors, expected):
    assert step_sizes.border(np.array(errors)[:, None], (1.0, 2.0, 3.0, 4.0)) == [expected]


def test_the_page_is_that_of_the_records():
    assert (HERE / "README.md").read_text("utf-8") == index.page(HERE / "results")


@pytest.mark.parametrize("name", index.RECORDS)
def test_the_speeds_in_the_docs_are_those_measured(name):
    record = index.told(HERE / "results" / f"{name}.json")
    faster = copy.deepcopy(record)
    faster["workloads"]["digits, one at a time"]["microseconds"]["jaxmlp"] /= 2
    for page in index.SPEED:
        text = page.read_text("utf-8")
        lang = index.language(page)
        rows = [f"\n| {index.said(workload, lang)} |" for workload in record["workloads"]]
        assert [row for row in rows if row not in text] == []
        assert index.with_speeds(text, record, lang) == text
        assert index.with_speeds(text, faster, lang) != text


@pytest.mark.parametrize("page", index.BY_DEPTH)
def test_the_study_by_depth_in_the_docs_is_that_of_the_record(page):
    record = index.told(HERE / "results" / "checker_study.json")
    text = (HERE.parent / "docs" / page).read_text("utf-8")
    assert index.with_depths(text, page, record) == text
    found = {"right, depth 3, as a file": {"tried": 9, "false alarms": 0}} | {
        "one mistake, depth 3, as a file":
            {"tried": 8, "found wrong": 7, "named": 6, "at its line": 5}}  # fmt: skip
    with_table = index.with_depths(text, page, found)
    way = "ファイルとして" if index.language(Path(page)) == "ja" else "as a file"
    assert f"| 3, {way} | 0 / 9 | 7 / 8 | 6 / 8 | 5 / 8 |" in with_table
    assert index.with_depths(with_table, page, record) == text


@pytest.mark.parametrize("page", index.SPEED, ids=lambda path: path.name)
def test_so_are_the_other_numbers_of_the_benchmark(page):
    record = index.told(HERE / "results" / "benchmark.json")
    one_at_a_time = [record["workloads"][f"{of}, one at a time"] for of in ("exercise", "digits")]
    times = [each["microseconds"] for each in one_at_a_time]
    said = [f"{t['C, skipping units that are off'] / t['jaxmlp']:.1f}" for t in times]
    said += [f"{seconds:.1f}" for seconds in record["cold"].values()]
    said += [f"{max(record['memory']['times the data'].values()):.2f}"]
    said += [f"{exponent:.2f}" for exponent in record["growth exponents"].values()]
    _, _, text = page.read_text("utf-8").partition("results/benchmark.json)")
    text, _, _ = text.partition("\n## ")
    prose = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    assert [number for number in said if number not in prose] == []


def test_a_record_without_question_has_its_scripts(tmp_path):
    (tmp_path / "benchmark.json").write_text("{}")
    page = index.page(tmp_path)
    assert "**How fast is training, beside others?**" in page
    assert "results/benchmark.json" in page
