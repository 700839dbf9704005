"""What is printed of a score can be read again."""

import io

import numpy as np
from rich.console import Console

from jaxmlp.cli.report import print_score
from jaxmlp.evaluate import Score


def printed(confusion, classes):
    console = Console(file=io.StringIO(), width=200)
    print_score(console, Score(0.5, accuracy=0.75, confusion=confusion), classes, "test ")
    return console.file.getvalue().splitlines()


def test_the_matrix_is_read_back_from_its_columns():
    confusion = np.array([[100, 7, 0], [12, 345, 10], [0, 0, 678]])
    for classes in (("0", "1", "2"), ("a", "longer", "b")):
        _, above, *rows, last = printed(confusion, classes)
        assert above.split() == list(classes)
        assert [row.split()[0] for row in rows] == list(classes)
        assert [[int(cell) for cell in row.split()[1:]] for row in rows] == confusion.tolist()
        assert {len(line) for line in (above, *rows)} == {len(above)}
        assert last == "test accuracy: 0.7500"
