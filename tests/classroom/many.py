"""A class of 200 submissions as an LMS hands them out: a zip of zips, in all forms that come.

`python -m tests.classroom.many class.zip` writes it; `jaxmlp verify class.zip --out graded` grades it.
"""

import functools
import io
import json
import stat
import sys
import zipfile
from pathlib import Path

from tests.verify.run.hostile import EVIL

BASE = """\
import numpy as np

def ReLU(x):
    return np.maximum(x, 0)

def dReLU(x):
    return np.where(x > 0, 1, 0)

def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)

def CrossEntoropy(g, y):
    return -np.sum(y * np.log(g))

def forward(x, W, f, df):
    u = np.dot(W, x)
    return np.append(1, f(u)), df(u)

def backward(V_tilde, delta, derivative):
    return np.dot(V_tilde.T, delta) * derivative

for epoch in range(10):
    for i in np.random.permutation(n):
        xi = np.append(1, x_train[i, :])
        yi = y_train[i, :]
        z1, u1_prime = forward(xi, W, ReLU, dReLU)
        y_hat = softmax(np.dot(V, z1))
        delta2 = y_hat - yi
        delta1 = backward(V[:, 1:], delta2, u1_prime)
        V = V - eta_t * np.outer(delta2, z1)
        W = W - eta_t * np.outer(delta1, xi)
"""
# (what is in BASE, what stands there instead, which stages are lost with it)
MISTAKES = {
    "none": ("", "", ()),
    "sign of delta2": ("y_hat - yi", "yi - y_hat", ("delta2",)),
    "slope of the output": ("y_hat - yi", "(y_hat - yi) * y_hat * (1 - y_hat)", ("delta2",)),
    "no slope": ("np.dot(V_tilde.T, delta) * derivative", "np.dot(V_tilde.T, delta)", ("delta1",)),
    "slope inside": (
        "np.dot(V_tilde.T, delta) * derivative",
        "np.dot(V_tilde.T, delta * derivative)",
        ("delta1",),
    ),
    "last column": ("V[:, 1:]", "V[:, :-1]", ("delta1",)),
    "no transpose": ("np.dot(V_tilde.T, delta)", "np.dot(V_tilde, delta)", ("delta1",)),
    "outer turned round": ("np.outer(delta2, z1)", "np.outer(z1, delta2).T * 2", ("dV",)),
    "W up": ("W = W - eta_t", "W = W + eta_t", ("dW",)),
    "V up": ("V = V - eta_t", "V = V + eta_t", ("dV",)),
    "V first": (
        "        delta1 = backward(V[:, 1:], delta2, u1_prime)\n        V = V - eta_t * np.outer(delta2, z1)\n",
        "        V = V - eta_t * np.outer(delta2, z1)\n        delta1 = backward(V[:, 1:], delta2, u1_prime)\n",
        ("delta1",),
    ),
}
EXPECTED = 200
FAMILIES = [
    "佐藤",
    "鈴木",
    "高橋",
    "田中",
    "伊藤",
    "渡辺",
    "山本",
    "中村",
    "小林",
    "加藤",
    "吉田",
    "山田",
    "佐々木",
    "山口",
    "松本",
    "井上",
    "木村",
    "林",
    "斎藤",
    "清水",
]
FIRST = ["太郎", "花子", "健", "さくら", "翔", "葵", "蓮", "陽菜", "大輔", "美咲"]
MOODLE = "{name}_{number}_assignsubmission_file_"


def written(mistake: str, style: int = 0) -> str:
    """A homework with a mistake, its names and layout by its style."""
    old, new, _ = MISTAKES[mistake]
    assert old in BASE
    text = BASE.replace(old, new) if old else BASE
    if style % 3 == 1:
        text = text.replace("u1_prime", "slope").replace("z1", "z")
    if style % 3 == 2:
        text = "# -*- coding: utf-8 -*-\n" + text.replace("    ", "  ")
    return text + f"\n# {style}\n"


class Raw(zipfile.ZipInfo):
    """An entry whose name is in an encoding that it does not tell, as Windows and macOS write it."""

    encoding = ""

    def _encodeFilenameFlags(self):
        return self.filename.encode(self.encoding), self.flag_bits


def zipped(files: dict[str, bytes | str], encoding: str = "") -> bytes:
    """A zip of these."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = (Raw if encoding else zipfile.ZipInfo)(name, (2026, 11, 26, 12, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            if encoding:
                info.encoding = encoding
            archive.writestr(info, data)
    return out.getvalue()


def notebook(text: str) -> str:
    """The same as a notebook, a cell for each part."""
    cells = [{"cell_type": "markdown", "metadata": {}, "source": ["# 課題"]}]
    cells += [
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": part,
        }
        for part in ("%matplotlib inline\n" + text).split("\n\n")
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def link() -> bytes:
    """A zip with a link to a file of others."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("homework.py")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


@functools.cache
def bomb() -> bytes:
    """A zip with two files of 150 MB, of zeros, which are never in memory as a whole."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("0.py", "1.py"):
            with archive.open(name, "w") as file:
                for _ in range(150):
                    file.write(bytes(1 << 20))
    return out.getvalue()


HOSTILE = (*("loop", "sleep", "power", "endless_list", "forks", "exits", "deadlock"),)


def odd() -> list[bytes | str | tuple[str, bytes | str]]:
    """20 submissions in other forms: the zip, or the name of another file and what is in it."""
    right, wrong = written("none", 500), written("no slope", 501)
    bad = right.replace("def softmax(x):", "def softmax(x)")
    return [
        ("homework.txt", right),
        ("homework.txt", wrong.encode("cp932")),
        ("課題.py.txt", right),
        ("kadai.txt", "提出が遅れて申し訳ありません。"),
        ("kadai.ipynb", notebook(right)),
        ("課題3.ipynb", notebook(wrong)),
        ("kadai.ipynb", "{}"),
        ("kadai.ipynb", notebook(bad)),
        zipped({"課題/ソース/表示.py": right}, "cp932"),
        zipped({"機械学習/課題.py": wrong, "機械学習/予測.pdf": b"%PDF"}, "cp932"),
        zipped({"課題.py": right}, "utf-8"),
        ("kadai.py", bad),
        ("kadai.py", bad.replace("np.outer(delta2, z1)", "np.outer(delta2, z1))")),
        ("kadai.py", "def softmax(x:\n    return\n"),
        ("kadai.py", ""),
        zipped({}),
        ("report.pdf", b"%PDF-1.7 ..."),
        ("kadai.rar", b"Rar!\x1a\x07\x00"),
        zipped({"main.py": "from net import backward\n" + wrong, "net.py": BASE, "__MACOSX/._net.py": b"\0"}),
        zipped({"a.zip": zipped({"b.zip": zipped({"c.zip": zipped({"d.py": right})})})}),
    ]  # fmt: skip


def hostile() -> list[bytes]:
    """10 that mean harm, by what they run or by how they are packed."""
    made = [zipped({"homework.py": EVIL[name].text}) for name in HOSTILE]
    return [*made, bomb(), link(), zipped({"../../../etc/cron.d/homework.py": BASE})]


def submissions() -> list[tuple[str, bytes | str | tuple[str, bytes | str]]]:
    """(the student's name in the LMS, the submission) of 200."""
    kinds = list(MISTAKES)
    plain: list = [
        zipped({"kadai/homework.py": written(kinds[k % len(kinds)], k)}) for k in range(169)
    ]
    plain.append(zipped({"kadai/homework.py": written(kinds[3], 3)}))  # as another's
    everything = [*plain, *hostile(), *odd()]
    names = [f"{FAMILIES[k % 20]} {FIRST[k // 20]}" for k in range(len(everything))]
    return list(zip(names, everything, strict=True))


def write(path: Path) -> None:
    """The whole class as Moodle packs it."""
    with zipfile.ZipFile(path, "w") as archive:
        for k, (name, what) in enumerate(submissions()):
            folder = MOODLE.format(name=name, number=1_000_001 + k)
            file, data = what if isinstance(what, tuple) else ("kadai.zip", what)
            archive.writestr(f"{folder}/{file}", data)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
