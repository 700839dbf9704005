"""The page of a class: one row a student, always the same columns, and what is common to all."""

import html
from collections.abc import Mapping, Sequence

from jaxmlp.classroom.feedback import not_graded, shell, student_label, total
from jaxmlp.classroom.grading import Graded
from jaxmlp.classroom.mistakes import (
    GRADED,
    Common,
    common,
    graded_stage,
    mistakes,
    needs_review,
    said,
)
from jaxmlp.classroom.names import Student
from jaxmlp.classroom.rubric import RubricPoints
from jaxmlp.classroom.submissions import Class, similar_submissions
from jaxmlp.classroom.words import say
from jaxmlp.verify.finding import Check
from jaxmlp.verify.report import telling, words
from jaxmlp.verify.report.style import SCOPE, style_sheet
from jaxmlp.verify.report.words import clean

# Header and names stay in sight; on a narrow screen each student is a card.
STYLE = """
main { max-width: none; }
& .class { width: 100%; table-layout: fixed; border-collapse: separate; border-spacing: 0; }
& .class th, & .class td { min-width: 0; max-width: none; overflow-wrap: anywhere;
  border-width: 0 1px 1px 0; font-size: .95em; line-height: 1.4; }
& .class thead th { position: sticky; top: 0; z-index: 2; border-top-width: 1px;
  background: var(--soft); }
& .class th:first-child { position: sticky; left: 0; z-index: 1; background: var(--back);
  border-left-width: 1px; width: 13%; font-weight: 600; }
& .class thead th:first-child { z-index: 3; background: var(--soft); }
& .class .count { width: 7.5%; text-align: right; font-variant-numeric: tabular-nums; }
& .class small { display: block; color: inherit; } & .class td div + div { margin-top: .35em; }
& .class td { white-space: normal; } & .class td small { min-width: 0; }
& .class .wide { width: 9.5%; }
& section { margin-top: 2rem; }
& .plain { width: 100%; } & .plain td { overflow-wrap: anywhere; }
& .plain .of-students, & .plain .of-quantity { white-space: nowrap; }
& .plain code { white-space: pre-wrap; }
& .alike { list-style: disc; padding-left: 1.2rem; }
& .numbers { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; padding: 0; }
@media (max-width: 760px) {
& .class, & .class tbody, & .class tr, & .class th:first-child, & .class td { display: block;
  width: auto; position: static; border: 0; }
& .class thead { display: none; }
& .class tr { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0;
  padding: .2rem; display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); }
& .class tr > *:first-child, & .class td.wide { grid-column: 1 / -1; width: auto; }
& .class td.count { grid-column: span 2; text-align: left; width: auto; }
& .class td.wide:empty { display: none; }
& .class td::before, & .plain td::before { content: attr(data-label); display: block;
  color: var(--dim); font-size: .8em; }
& .plain, & .plain tbody, & .plain tr, & .plain td { display: block; border: 0; }
& .plain thead { display: none; } & .plain tr { border-bottom: 1px solid var(--line); }
& .plain td { padding: .1rem .3rem; } & .plain td:empty { display: none; } }
@media (max-width: 520px) {
& .class tr { grid-template-columns: repeat(2, minmax(0, 1fr)); }
& .class td.count { grid-column: span 1; } }
""".replace("&", f".{SCOPE}" * 3)
WORST_FIRST = {"wrong": 0, "right": 2}  # and between them what else may be


def as_html(
    handed_in: Class,
    graded: Sequence[Graded],
    pages: Mapping[Student, str],
    points: Mapping[Student, RubricPoints],
    told: Sequence[str],
    lang: str,
) -> str:
    """The page of a class, for who teaches it: everything is told.

    Args:
        pages: where the feedback of each is.
        points: of each, if there is a rubric.
        told: what is to be said of the run, a line each.
    """
    held = "".join(f"<p>{html.escape(line)}</p>" for line in told)
    parts = [
        _numbers(handed_in, graded, lang),
        _table(graded, pages, points, lang),
        _common(common(graded), lang),
        _alike(handed_in, lang),
        _left(handed_in, lang),
        held,
    ]
    inside = "\n".join(filter(None, parts))
    rules = f"<style>{style_sheet()}{STYLE}</style>"
    body = f'<div class="{SCOPE}" lang="{lang}">\n{rules}\n{inside}</div>\n'
    title = say("class", lang)
    return shell(f"<h1>{title}</h1>\n{body}", title, lang, "main { max-width: none; }")


def numbers(handed_in: Class, graded: Sequence[Graded], lang: str) -> list[str]:
    """How many there are, without a mistake, with some, to be looked at."""
    entries = [len(work.code) + len(work.left) for work in handed_in.submissions]
    done = sum(len(work.code) for work in handed_in.submissions)
    left = sum(entries) - done + len(handed_in.left)
    wrong = sum(bool(mistakes(work.files)) for work in graded)
    look = [not work.checks or any(needs_review(work, lang)) for work in graded]
    fine = sum(not mistakes(work.files) and not odd for work, odd in zip(graded, look, strict=True))
    return [
        say("submissions", lang, len(graded)),
        say("fine", lang, fine),
        say("wrong", lang, wrong),
        say("unjudged", lang, sum(look)),
        say("entries", lang, sum(entries) + len(handed_in.left), done, left),
    ]


def _numbers(handed_in: Class, graded: Sequence[Graded], lang: str) -> str:
    items = "".join(f"<li>{text}</li>" for text in numbers(handed_in, graded, lang))
    verdicts = telling.counts(check for work in graded for check in work.checks)
    badges = "".join(f'<li><span class="badge {v}">{words.mark(v, lang)} {words.say(v, lang)} '
                     f"{n}</span></li>" for v, n in verdicts.items() if n)  # fmt: skip
    return f'<ul class="numbers">{items}</ul><ul class="counts">{badges}</ul>'


def _table(
    graded: Sequence[Graded],
    pages: Mapping[Student, str],
    points: Mapping[Student, RubricPoints],
    lang: str,
) -> str:
    stages = [words.STAGE_NAMES[stage].en for stage in GRADED]
    head = [("", say("student", lang)), ("count", say("mistakes", lang))]
    head += [("count", say("points", lang))] if points else []
    head += [("", text) for text in stages]
    head += [("wide", say(key, lang)) for key in ("functions", "others", "remarks")]
    cells = "".join(f'<th scope="col" class="{kind}">{text}</th>' for kind, text in head)
    rows = "\n".join(_row(work, pages, points, head, lang) for work in graded)
    return (
        f'<table class="class"><thead><tr>{cells}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>'
    )


def _row(
    work: Graded, pages: Mapping[Student, str], points: Mapping[Student, RubricPoints],
    head: Sequence[tuple[str, str]], lang: str,
) -> str:  # fmt: skip
    student = work.submission.student
    name = f"<small>{html.escape(clean(student.name))}</small>" if student.name else ""
    link = f'<a href="{html.escape(pages[student])}">{html.escape(clean(student.id))}</a>{name}'
    cells = [("count", str(len(mistakes(work.files))))]
    if points:
        cells.append(("count", total(points[student], lang)))
    cells += [
        _stage([c for c in work.checks if graded_stage(c) == stage], lang) for stage in GRADED
    ]
    rest = [c for c in work.checks if not graded_stage(c)]
    functions = [c for c in rest if not c.stage.startswith("∂E/∂")]
    others = [c for c in rest if c.stage.startswith("∂E/∂")]
    cells += [("wide", _listed(listed, lang)) for listed in (functions, others)]
    cells.append(("wide", "<br>".join(map(html.escape, needs_review(work, lang)))))
    columns = "".join(f'<td class="{kind}" data-label="{label}">{text}</td>'
                   for (kind, text), (_, label) in zip(cells, head[1:], strict=True))  # fmt: skip
    return f'<tr><th scope="row">{link}</th>{columns}</tr>'


def _stage(checks: Sequence[Check], lang: str) -> tuple[str, str]:
    """The verdicts on one quantity, each that differs once, coloured by the worst."""
    if not checks:
        return "", ""
    checks = sorted(checks, key=lambda c: WORST_FIRST.get(c.verdict, 1))
    verdicts = dict.fromkeys(_said(check, lang) for check in checks)
    return f"cell {checks[0].verdict}", "".join(f"<div>{text}</div>" for text in verdicts)


def _said(check: Check, lang: str) -> str:
    ids = telling.ids(check)
    more = f"<small>{html.escape(ids)}</small>" if ids else ""
    return f"{words.mark(check.verdict, lang)} {words.say(check.verdict, lang)}{more}"


def _listed(checks: Sequence[Check], lang: str) -> str:
    """What is not right by name, and how many are right."""
    right = sum(check.verdict == "right" and not check.bought for check in checks)
    odd = dict.fromkeys(
        f"{html.escape(words.name(c, lang))} {html.escape(words.stage(c, lang))}: {_said(c, lang)}"
        for c in checks
        if c.verdict != "right" or c.bought
    )
    return "<br>".join([*odd, *([say("right", lang, right)] if right else [])])


def _common(shared: Sequence[Common], lang: str) -> str:
    head = f"<section><h2>{say('common', lang)}</h2>\n"
    if not shared:
        return f"{head}<p>{say('nothing wrong', lang)}</p></section>"
    rows = []
    for mistake, students, line in shared:
        text = f"{html.escape(said(mistake, lang))}<br><small>{html.escape(mistake.ids)}</small>"
        quantity, code = html.escape(words.stage(mistake.check, lang)), html.escape(clean(line))
        rows.append((str(students), quantity, text, f"<code>{code}</code>"))
    return head + _plain(("students", "quantity", "what", "example"), rows, lang) + "</section>"


def _plain(head: Sequence[str], rows: Sequence[Sequence[str]], lang: str) -> str:
    cells = "".join(f'<th scope="col">{say(key, lang)}</th>' for key in head)
    body = "\n".join(
        "<tr>" + "".join(f'<td class="of-{key}" data-label="{say(key, lang)}">{cell}</td>'
                         for key, cell in zip(head, row, strict=True)) + "</tr>"
        for row in rows
    )  # fmt: skip
    return f'<table class="plain"><thead><tr>{cells}</tr></thead><tbody>\n{body}\n</tbody></table>'


def _alike(handed_in: Class, lang: str) -> str:
    comma = "、" if lang == "ja" else ", "
    groups = [comma.join(map(student_label, group))
              for group in similar_submissions(handed_in)]  # fmt: skip
    listed = "".join(f"<li>{html.escape(group)}</li>" for group in groups)
    lead = f"<h2>{say('alike', lang)}</h2><p>{say('alike lead', lang)}</p>"
    return f'<section>{lead}<ul class="alike">{listed}</ul></section>' if groups else ""


def _left(handed_in: Class, lang: str) -> str:
    rows = [(html.escape(who), f"<code>{html.escape(entry)}</code>", html.escape(why))
            for who, entry, why in not_graded(handed_in, lang)]  # fmt: skip
    if not rows:
        return ""
    table = _plain(("student", "entry", "why"), rows, lang)
    return f"<section><h2>{say('left', lang)}</h2>{table}</section>"


def as_text(handed_in: Class, graded: Sequence[Graded], lang: str) -> str:
    """The same in short, for a terminal and as Markdown: the numbers, and which mistakes."""
    lines = [f"- {text}" for text in numbers(handed_in, graded, lang)]
    lines += ["", f"## {say('common', lang)}", ""]
    for made in common(graded):
        quantity = words.stage(made.mistake.check, lang)
        lines.append(
            f"- {made.students} × {quantity}, {made.mistake.ids}: {said(made.mistake, lang)}"
        )
        lines += [f"      {clean(made.line)}"] if made.line else []
    return "\n".join([f"# {say('class', lang)}", "", *lines]) + "\n"
