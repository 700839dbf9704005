"""A judged step as checks: one for each parameter, a mistake told once, where it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from jaxmlp.verify.finding import Check, Note, Place, Words
from jaxmlp.verify.judge.causes import BACKWARDS, cause
from jaxmlp.verify.judge.faults import Fault, faults
from jaxmlp.verify.judge.steps import Judgement, Param, Unjudged
from jaxmlp.verify.run.tape import Span

TITLES = {
    "own": Words("the file's own E", "ファイル自身の E"),
    "squared_error": Words("a squared error", "二乗誤差"),
    "cross_entropy": Words("the cross-entropy", "クロスエントロピー"),
    "binary_cross_entropy": Words("the binary cross-entropy", "二値クロスエントロピー"),
}
UNRECOGNISED = Note(
    "unrecognised",
    Words(
        "What this is made of are derivatives of E, and it is none itself.",
        "この式は E の微分から作られていますが、それ自身はどの量の微分にもなっていません。",
    ),
    BACKWARDS,
)
NEVER_MOVES = Note(
    "never-moves",
    Words("Its gradient is computed, and never used: this parameter does not move.",
          "勾配は計算されていますが、使われていません。このパラメータは更新されません。"),
    Words("Is every parameter updated?", "すべてのパラメータが更新されていますか。"),
)  # fmt: skip
UPHILL = Note(
    "uphill",
    Words("The step goes up E: the gradient is added where it should be subtracted.",
          "E が増える向きに更新しています。勾配は足すのではなく引きます。"),
    Words("Does the step go down?", "E が減る向きに進んでいますか。"),
)  # fmt: skip
FOLLOWS = Note(
    "right-from-wrong",
    Words("right, from a wrong value before it", "前の値は誤りですが、ここから先の計算は正しい"),
)
REASONS = {
    "no-output": Words(
        "no output was found that meets a target", "目標値と比べられる出力が見つかりません"
    ),
    "no-error": Words(
        "none of the known E has a gradient that any of its parameters follows",
        "既知のどの E についても、その勾配に従うパラメータがありません",
    ),
    "shapes": Words(
        "it works with no shapes of the data that make sense",
        "意味のあるデータの形では動きません",
    ),
    "failed": Words("the checker itself failed ({})", "検査プログラムのエラーです ({})"),
    "construct": Words("{} cannot be followed", "{} を追跡できません"),
}


def checks(found: Judgement, lines: Sequence[str], cells: Sequence[int]) -> tuple[Check, ...]:
    """A check for each parameter of a step.

    Args:
        lines: of the file.
        cells: of a notebook, the first line of each cell; else nothing.
    """
    recording = found.world.recording
    name = recording.name or "training loop"
    line = recording.line or None
    told = list(_mistakes(found, lines, cells))
    made, first = [], True
    for param in found.world.params:
        if param.name not in found.right:
            continue
        check = Check(name, f"∂E/∂{param.name}", "right", line)
        if not found.right[param.name]:
            mine = next((one for one in told if one[0] == param.name), None)
            mentioned = any(param.name in others for _, others, *_ in told)
            if mine is not None:
                _, _, notes, place = mine
                check = replace(check, verdict="wrong", diagnosis=notes, place=place)
            elif mentioned:
                check = replace(check, remarks=(FOLLOWS,))
            else:
                check = replace(check, verdict="wrong", diagnosis=(UNRECOGNISED,))
        elif param.name in found.uneven:
            place = placed(recording.nodes[param.new].span, lines, cells)
            note = _other_factor(found.uneven[param.name])
            check = replace(check, verdict="wrong", diagnosis=(note,), place=place)
        elif _goes_up(found, param):
            place = placed(recording.nodes[param.new].span, lines, cells)
            check = replace(check, verdict="wrong", diagnosis=(UPHILL,), place=place)
        made.append(replace(check, remarks=(_by(found, cells), *check.remarks)) if first else check)
        first = False
    return (*made, *_still(found, name, line, lines, cells))


def _mistakes(
    found: Judgement, lines: Sequence[str], cells: Sequence[int]
) -> Iterator[tuple[str, tuple[str, ...], tuple[Note, ...], Place]]:
    """(the parameter that it is told of, all that it spoils, its diagnosis, where it is)."""
    by_place: dict[tuple, list] = {}
    for fault in faults(found):
        why = cause(found, fault)
        span = why.span if why and why.span else fault.span
        notes = why.notes if why else (UNRECOGNISED,)
        entry = by_place.setdefault(span[:4], [[], notes, span])
        entry[0] += [name for name in _in_order(found, fault) if name not in entry[0]]
    for names, notes, span in by_place.values():
        yield names[0], tuple(names), notes, placed(span, lines, cells)


def _in_order(found: Judgement, fault: Fault) -> list[str]:
    return [p.name for p in found.world.params if p.name in fault.params]


def _other_factor(times: float) -> Note:
    """That one parameter has another factor than the others."""
    said = f"{times:.4g}"
    return Note("other-factor", Words(
        f"This is {said} times what goes with the gradients of the other parameters: all have to "
        "be taken of one and the same E (a mean or a sum, with or without ½).",
        f"他のパラメータの勾配に対応する値の {said} 倍になっています。"
        "すべて同じ E (平均か和か、½ の有無) の勾配でなければなりません。"), BACKWARDS)  # fmt: skip


def _goes_up(found: Judgement, param: Param) -> bool:
    """Whether a step, and no gradient given back, has the wrong sign."""
    return not param.gives and found.factors.get(param.name, 1) < 0


def _by(found: Judgement, cells: Sequence[int]) -> Note:
    """What it was compared with."""
    pairs, nodes = found.choice.target.pairs, found.world.recording.nodes
    title, at = TITLES[found.choice.error], at_line(nodes[pairs[-1][0]].span.line, cells)
    return Note("judged-by", Words(
        f"compared with the gradient of {title.en} of the output at {at.en}, by autodiff of "
        "the file's own forward pass",
        f"{at.ja}の出力についての{title.ja}の勾配"
        " (ファイル自身の順伝播の自動微分) と比べました"))  # fmt: skip


def _still(
    found: Judgement, name: str, line: int | None, lines: Sequence[str], cells: Sequence[int]
) -> Iterator[Check]:
    nodes = found.world.recording.nodes
    named = {node: place for place, node in found.world.recording.values}
    for leaf, gradient in found.still.items():
        place = placed(nodes[gradient].span, lines, cells)
        stage = f"∂E/∂{named.get(leaf, 'V')}"
        yield Check(name, stage, "wrong", line, (NEVER_MOVES,), place=place)


def placed(span: Span, lines: Sequence[str], cells: Sequence[int]) -> Place:
    """A span as a place of the file: in characters, and of a notebook in its cell."""
    begin, end = lines[span.line - 1].encode(), lines[span.end_line - 1].encode()
    column = len(begin[: span.column].decode(errors="replace"))
    end_column = len(end[: span.end_column].decode(errors="replace"))
    whole = "\n".join(lines[span.line - 1 : span.end_line])
    over = len(lines[span.end_line - 1]) - end_column
    text = " ".join(whole[column : len(whole) - over].split())
    cell = int(np.searchsorted(cells, span.line, side="right")) if cells else None
    before = cells[cell - 1] - 1 if cell else 0
    return Place(span.line - before, column + 1, span.end_line - before, end_column + 1, text, cell)


def at_line(line: int, cells: Sequence[int]) -> Words:
    """A line of the file, or of a cell of a notebook, in words."""
    if not cells:
        return Words(f"line {line}", f"{line} 行目")
    cell = int(np.searchsorted(cells, line, side="right"))
    line -= cells[cell - 1] - 1
    return Words(f"cell {cell}, line {line}", f"セル {cell} の {line} 行目")


def _beginning(line: int, cells: Sequence[int]) -> Words:
    """The same in brackets; nothing for the file itself."""
    if not line:
        return Words("", "")
    at = at_line(line, cells)
    return Words(f" ({at.en})", f" ({at.ja})")


def unjudged(name: str, line: int, why: Unjudged, cells: Sequence[int]) -> Note:
    """That a step was seen and could not be judged, and why."""
    reason = REASONS[why.reason]
    en, ja = reason.en.format(why.what), reason.ja.format(why.what)
    at = _beginning(why.line or line, cells)
    title = Words(name or "training", name or "学習")
    return Note("not-judged", Words(
        f"{title.en}{at.en} could not be judged: {en}",
        f"{title.ja}{at.ja} は判定できません: {ja}"))  # fmt: skip


def loose(name: str, result: str, line: int, cells: Sequence[int]) -> Note:
    """That something that a call gives is nothing that is known."""
    at = _beginning(line, cells)
    return Note("not-judged", Words(
        f"{result} of {name or 'the file'}{at.en} could not be judged: it depends on the target, "
        "and is the derivative of E by none of the arrays",
        f"{name or 'ファイル'}{at.ja} の {result} は判定できません。"
        "目標値に依存しますが、どの配列による E の微分でもありません"))  # fmt: skip
