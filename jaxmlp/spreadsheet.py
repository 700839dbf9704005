"""CSV of which a spreadsheet executes nothing."""

import csv
import io
from collections.abc import Iterable

FORMULA = tuple("=+-@＝＋－＠\t\r")  # what is computed, Excel in Japan takes the wide ones too


def as_csv(rows: Iterable[Iterable[object]], end: str = "\r\n") -> str:
    """The rows, cells in quotes where they need them, none of them a formula (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def harmless(cell: object) -> object:
    """The cell, with a ' in front where a spreadsheet would take its text for a formula.

    Example:
        >>> harmless("=1+1"), harmless("-0.5"), harmless("ReLU")
        ("'=1+1", '-0.5', 'ReLU')
    """
    if not isinstance(cell, str) or not cell.lstrip(" \n").startswith(FORMULA):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
