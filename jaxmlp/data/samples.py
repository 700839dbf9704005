"""Samples for a network that is there already, from a file or by name, a part at a time."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from jaxmlp.data.dataset import Dataset
from jaxmlp.data.npz import read_npz_samples
from jaxmlp.data.sources import NAMES, load_data
from jaxmlp.data.stream import Part, Table, Wanted, read_parts, refuse_label
from jaxmlp.data.table import encoding_of


class Samples(NamedTuple):
    """A source that is open.

    Attributes:
        note: what a reader should know of how it is read; else empty.
        unit: of what is counted: of a file its MB, else samples.
        total: how many there are; None: nobody knows.
        done: says how many of them were read.
        image_shape: (height, width) where each sample is an image.
    """

    name: str
    parts: Iterator[Part]
    note: str
    unit: str
    total: float | None
    done: Callable[[], float]
    image_shape: tuple[int, int] | None = None


@contextlib.contextmanager
def open_samples(
    source: str, wanted: Wanted, *, rows: int, target: str | None = None, labelled: bool = False
) -> Iterator[Samples]:
    """The samples of a .csv, of "-" (a CSV on standard input), or of what `load_data` knows.

    Of a source with a test part of its own, that part; an .npz needs no targets unless they are
    asked for.

    Args:
        rows: samples a part, about.
        target: the names of a .csv's target columns, separated by commas.
        labelled: whether the targets are asked for, too.

    Raises:
        ValueError: columns or classes that are not what the network expects, or what `load_data`
            raises.
    """
    how = {"rows": rows, "target": target, "labelled": labelled}
    path = Path(source)
    if source == "-":
        with _standard_input() as file:
            table = read_parts("standard input", file, wanted, **how)
            yield Samples("standard input", table.parts, _note(table), "MB", None, lambda: 0)
    elif path.suffix.lower() == ".csv" and path.is_file():
        with path.open(encoding=encoding_of(path), newline="") as file:
            table, size = read_parts(source, file, wanted, **how), os.fstat(file.fileno()).st_size
            done = lambda: file.buffer.tell() / 1e6  # noqa: E731
            yield Samples(path.stem, table.parts, _note(table), "MB", size / 1e6, done)
    else:
        data = _loaded(source, wanted, target, labelled)
        yield _in_parts(data, _codes(data, wanted) if labelled else None, wanted, rows)


@contextlib.contextmanager
def _standard_input() -> Iterator[TextIO]:
    """As text in UTF-8, or in UTF-16 where its mark says so; left open."""
    if sys.stdin is None:
        raise ValueError("expected a CSV on standard input, got none")
    raw = sys.stdin.buffer
    wide = raw.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff")
    file = io.TextIOWrapper(raw, encoding="utf-16" if wide else "utf-8-sig", newline="")
    try:
        yield file
    finally:
        file.detach()


def _note(table: Table) -> str:
    shown = ", ".join(table.left_out[:10]) + ", …" * (len(table.left_out) > 10)
    return f"columns left out: {shown}" if table.left_out else ""


def _loaded(source: str, wanted: Wanted, target: str | None, labelled: bool) -> Dataset:
    """What `load_data` finds; the targets, if they are asked for, of the network's kind."""
    path = Path(source)
    if not labelled and target is None and path.suffix.lower() == ".npz" and path.is_file():
        return read_npz_samples(path)
    own = source.replace("-", "_") in (*NAMES, "mnist")
    kind = "regression" if wanted.classes is None else "classification"
    return load_data(source, target=target, task=kind if labelled and not own else "auto")


def _codes(data: Dataset, wanted: Wanted) -> np.ndarray:
    """The targets as the network has them: its numbers of the classes, or its outputs."""
    if (data.classes is None) != (wanted.classes is None):
        kinds = ["numbers", "classes"] if wanted.classes is None else ["classes", "numbers"]
        raise ValueError(f"{data.name}: expected {kinds[0]} for targets, got {kinds[1]}")
    if data.classes is None:
        if data.y.shape[1] != wanted.m:
            raise ValueError(f"{data.name}: expected {wanted.m} targets, got {data.y.shape[1]}")
        return data.y
    code = {label: k for k, label in enumerate(wanted.classes)}
    for number in np.unique(data.y):
        if data.classes[number] not in code:
            refuse_label(data.name, data.classes[number], wanted.classes)
    return np.array([code.get(label, -1) for label in data.classes])[data.y]


def _in_parts(data: Dataset, y: np.ndarray | None, wanted: Wanted, rows: int) -> Samples:
    if data.X.shape[1] != wanted.d:
        raise ValueError(
            f"{data.name}: expected samples of {wanted.d} numbers, got {data.X.shape[1]}"
        )
    done = len(data.X) - data.n_test if data.n_test else 0
    total, read = len(data.X) - done, [0]

    def parts() -> Iterator[Part]:
        for start in range(done, len(data.X), rows):
            these = slice(start, start + rows)
            read[0] = min(start + rows, len(data.X)) - done
            yield Part(data.X[these], None if y is None else y[these])

    note = f"{data.name}: its test part" if data.n_test else ""
    return Samples(data.name, parts(), note, "samples", total, lambda: read[0], data.image_shape)
