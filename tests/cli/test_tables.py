"""Tables as people have them, through the commands: from the file to the answers."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

from jaxmlp.cli import main
from jaxmlp.cli.folder import NO_FONT
from jaxmlp.storage import load_model

from .conftest import refused

QUICK = ["--epochs", "40", "--units", "6", "--eta", "0.05"]


@pytest.fixture
def numbers(rng):
    """Three columns, of which the first decides; rounded, as people write them."""
    return rng.normal(size=(48, 3)).round(3)


def written(path, numbers, labels, header="a,b,c,kind", **how):
    """A table of the numbers, with the labels of the two halves of the first column at the end."""
    sep, decimal = how.get("sep", ","), how.get("decimal", ".")
    rows = [
        sep.join([*(str(x).replace(".", decimal) for x in row), labels[int(row[0] > 0)]])
        for row in numbers
    ]
    text = "\n".join([header.replace(",", sep)] * bool(header) + rows) + "\n"
    path.write_bytes(text.encode(how.get("encoding", "utf-8")))


@pytest.mark.costly
@pytest.mark.parametrize(
    ("labels", "how", "options"),
    [
        (["001", "1"], {}, []),
        (["1_2", "12"], {}, []),
        (["3+", "0"], {}, []),
        (["Bob", "Nan"], {}, []),
        (
            ["Fuß", "Größe"],
            {"encoding": "cp1252", "header": "Länge,Höhe,c,kind"},
            ["--encoding", "cp1252"],
        ),
        (["개", "고양이"], {"encoding": "euc-kr"}, ["--encoding", "euc-kr"]),
        (["cat", "dog"], {"decimal": ",", "sep": ";"}, ["--decimal", ","]),
        (["cat", "dog"], {"header": ""}, []),
    ],
)
def test_from_a_table_to_the_answers(labels, how, options, command, numbers, tmp_path):
    written(tmp_path / "pets.csv", numbers, labels, **how)
    code, out, err = command("train", "--data", "pets.csv", *QUICK, *options, "--out", "run")
    assert code == 0
    assert err in ("", f"jaxmlp: warning: {NO_FONT}\n")
    assert float(out.split("test accuracy: ")[1].split()[0]) > 0.7
    assert load_model(tmp_path / "run/model.safetensors").classes == tuple(sorted(labels))
    code, out, err = command("predict", "run", "pets.csv", *options)
    assert code == 0
    said = [row["class"] for row in csv.DictReader(io.StringIO(out))]
    right = np.mean([one == labels[int(x > 0)] for one, x in zip(said, numbers[:, 0], strict=True)])
    assert right > 0.8
    code, out, err = command("evaluate", "run", "pets.csv", *options, "--out", "found")
    assert code == 0
    assert json.loads((tmp_path / "found/evaluation.json").read_text())["accuracy"] == right


@pytest.mark.slow
def test_one_of_k(command, numbers, tmp_path):
    written(tmp_path / "pets.csv", numbers, ["1,0", "0,1"], "a,b,c,dog,cat")
    code, out, _ = command(
        "train", "--data", "pets.csv", "--target", "dog,cat", *QUICK, "--out", "run"
    )
    assert code == 0
    assert "target     dog, cat: columns that are 1-of-K; --task regression if not" in out
    model = load_model(tmp_path / "run/model.safetensors")
    assert (model.classes, model.targets) == (("dog", "cat"), ("dog", "cat"))
    assert command("evaluate", "run", "pets.csv", "--out", "found")[0] == 0
    args = ["--task", "regression", "--target", "dog", "cat", "--out", "two"]
    assert command("train", "--data", "pets.csv", *QUICK, *args)[0] == 0
    assert len(load_model(tmp_path / "two/model.safetensors").params.V) == 2


def test_the_label_in_the_first_column(command, numbers, tmp_path):
    rows = [f"{1 + int(row[0] > 0)},{','.join(map(str, row))}" for row in numbers]
    (tmp_path / "first.csv").write_text("\n".join(rows))
    code, out, _ = command("train", "--data", "first.csv", "--target", "1", *QUICK, "--out", "run")
    assert code == 0
    assert "3 → 6 → 2" in out
    answers = command("predict", "run", "first.csv")[1]
    assert command("predict", "run", "first.csv", "--target", "1")[1] == answers
    assert (
        float(
            command("evaluate", "run", "first.csv", "--out", "f")[1]
            .split("accuracy: ")[1]
            .split()[0]
        )
        > 0.8
    )


@pytest.mark.slow
def test_pandas_own_header_for_train_and_predict_alike(command, rng, tmp_path):
    frame = pd.DataFrame(rng.normal(size=(30, 6)))
    answers = []
    for name, index in (("plain.csv", False), ("index.csv", True)):
        frame.to_csv(tmp_path / name, index=index)
        code, out, _ = command("train", "--data", name, *QUICK, "--out", name[:-4])
        assert (code, "24 samples to train on, 6 to test" in out) == (0, True)
        answers.append(command("predict", name[:-4], name)[1])
        assert answers[-1].startswith("5\n")
        assert len(answers[-1].splitlines()) == 31
    assert answers[0] == answers[1]


@pytest.mark.slow
def test_words_missing_values_and_ids(command, rng, tmp_path):
    n = 60
    city = np.array(["Paris", "Rome", ""])[rng.integers(3, size=n)]
    age = np.where(rng.random(n) < 0.2, "", rng.integers(20, 60, size=n).astype(str))
    rows = [f"s{k:02},{age[k]},{city[k]},{'dog' if city[k] == 'Rome' else 'cat'}" for k in range(n)]
    (tmp_path / "t.csv").write_text("\n".join(["name,age,city,kind", *rows]))
    args = ["--data", "t.csv", "--id", "name", *QUICK]
    code, out, err = command("train", *args, "--out", "run")
    assert (code, err) == (0, "")
    assert "columns    age " in out
    assert "city one-hot (Paris, Rome, missing)" in out
    assert out.rstrip().split("test accuracy: ")[1].startswith("1.0000")
    model = load_model(tmp_path / "run/model.safetensors")
    assert (model.features, len(model.columns), model.params.W.shape) == (
        ("age", "city"),
        2,
        (6, 6),
    )
    code, out, err = command("predict", "run", "t.csv", "--id", "name")
    found = list(csv.DictReader(io.StringIO(out)))
    assert [row["name"] for row in found] == [f"s{k:02}" for k in range(n)]
    assert [row["class"] for row in found] == [row.split(",")[-1] for row in rows]
    frame = pd.read_csv(tmp_path / "t.csv")
    assert model.score(frame, frame["kind"]) == 1
    assert "city one-hot (Paris, Rome, missing)" in command("show", "run")[1]
    np.savez(tmp_path / "t.npz", X=rng.normal(size=(3, 2)))
    refused(command("predict", "run", "t.npz"), "t: expected a table, as the network takes words")
    new = b"city,age,name\nRome,,x\nOslo,33,y\n"
    assert command("predict", "run", "-", stdin=new)[1].splitlines()[1].startswith("dog,")
    refused(command("train", *args, "--missing", "error"), "t.csv: expected no missing values, got")
    code, _, err = command("predict", "run", "-", "--missing", "error", stdin=new)
    assert code == 2
    assert "line 2, column age: expected a value, got none" in err


def test_options_for_tables_beside_other_data(command):
    refused(
        command("train", "--data", "iris", "--separator", ";"),
        "iris: expected a file beside --separator",
    )


def test_what_could_not_be_saved_is_not_trained(command, rng, tmp_path):
    names = [f"{k}" + "x" * 9000 for k in range(240)]
    rows = [",".join(map(str, row)) for row in rng.normal(size=(20, 240))]
    (tmp_path / "wide.csv").write_text("\n".join([",".join(names), *rows]))
    found = command("train", "--data", "wide.csv", "--out", "run")
    refused(found, "expected names of at most 2,097,152 bytes")
    assert "epoch" not in found[1]
    assert not (tmp_path / "run").exists()


def test_a_large_table_in_parts(command, model, rng, tmp_path, monkeypatch):
    """The same answers as at once, whatever the parts."""
    X = rng.normal(size=(50, 5))
    pd.DataFrame(X).to_csv(tmp_path / "x.csv", index=False, header=list("abcde"))
    pd.DataFrame(X, columns=list("edcba")[::-1]).to_parquet(tmp_path / "x.parquet")
    wanted = command("predict", "model.safetensors", "x.csv")[1]
    assert command("predict", "model.safetensors", "x.parquet")[1] == wanted
    monkeypatch.setattr("jaxmlp.cli.model.PART_SAMPLES", 7)
    for name in ("x.csv", "x.parquet"):
        found = command("predict", "model.safetensors", name)[1].splitlines()
        assert [line.split(",")[0] for line in found] == [
            line.split(",")[0] for line in wanted.splitlines()
        ]


def test_help_tells_of_tables(capsys):
    with pytest.raises(SystemExit):
        main(["predict", "--help"])
    out = capsys.readouterr().out
    for option in (
        "--target",
        "--drop",
        "--id",
        "--header",
        "--separator",
        "--decimal",
        "--thousands",
        "--encoding",
        "--missing",
    ):
        assert option in out
