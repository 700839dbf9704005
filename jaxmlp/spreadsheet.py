"""Cells of a CSV that a spreadsheet does not execute."""

FORMULA = tuple("=+-@＝＋－＠\t\r")  # what is computed, Excel in Japan takes the wide ones too


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
