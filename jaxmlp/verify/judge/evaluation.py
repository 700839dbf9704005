"""What is wrong with how a program evaluates its network after a step; nothing without evidence."""

from jaxmlp.verify.finding import Check, Line
from jaxmlp.verify.judge.after import LaterMistake
from jaxmlp.verify.judge.compared import Compared
from jaxmlp.verify.judge.evaluated import Evaluated
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.places import placed
from jaxmlp.verify.judge.told import Telling


def checks(judgement: Judgement, telling: Telling) -> tuple[Check, ...]:
    """The mistakes in how a step's parameters are evaluated, each as a check; mostly none."""
    later = judgement.world.recording.later
    told: dict[str, LaterMistake] = {}
    if later is not None:
        for look in (Evaluated, Compared):
            for mistake in look(judgement, later, telling).mistakes():
                told.setdefault(mistake.note.id, mistake)
    here = [one for one in told.values() if one.span.line]  # and not in a program that imports it
    return tuple(_check(judgement, one, telling) for one in here)


def _check(judgement: Judgement, mistake: LaterMistake, telling: Telling) -> Check:
    recording = judgement.world.recording
    where = placed(mistake.span, telling.lines, telling.cells)
    assert where is not None
    text = telling.lines[mistake.span.line - 1]
    line = Line(where.line, text, where.cell, None, (), "wrong")
    return Check(recording.name or "training loop", "evaluation", "wrong", recording.line or None,
                 (mistake.note,), place=where, lines=(line,))  # fmt: skip
