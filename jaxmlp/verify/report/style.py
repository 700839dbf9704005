"""The style of a page, all of it below one class, so that a notebook around it keeps its own."""

SCOPE = "jaxmlp-verify"

LIGHT = """--back: #fff; --fore: #1b1f24; --dim: #59636e; --line: #d0d7de; --soft: #f6f8fa;
  --link: #0757b3; --right: #116329; --right-soft: #dcf5e3; --wrong: #a40e26;
  --wrong-soft: #ffe6e4; --imprecise: #7a4a00; --imprecise-soft: #fff3c4;
  --unfinished: #0b4f93; --unfinished-soft: #dff1ff; --crashed: #6b2aa0;
  --crashed-soft: #f2e6ff; --timeout: #863500; --timeout-soft: #ffe8d4; color-scheme: light;"""
DARK = """--back: #0f141a; --fore: #e4e9ee; --dim: #9aa5b1; --line: #38424d; --soft: #181f27;
  --link: #7ab8ff; --right: #76dd93; --right-soft: #12351f; --wrong: #ff9a94;
  --wrong-soft: #4a1a1d; --imprecise: #f0c04c; --imprecise-soft: #3b2f0b;
  --unfinished: #85c3ff; --unfinished-soft: #10304f; --crashed: #d3a8ff;
  --crashed-soft: #36204f; --timeout: #ffb07a; --timeout-soft: #45260f; color-scheme: dark;"""

CSS_RULES = """
& { BACKGROUND background: var(--back); color: var(--fore); padding: 1rem;
  font: 16px/1.6 system-ui, "Hiragino Sans", "Yu Gothic UI", Meiryo, "Noto Sans CJK JP",
  sans-serif; overflow-wrap: anywhere; text-align: left; }
& *, & *::before { box-sizing: border-box; }
& h2, & h3 { line-height: 1.3; color: inherit; break-after: avoid; }
& section + section { margin-top: 2.5rem; }
& h2 { font-size: 1.3em; margin: 0 0 .8rem; padding-bottom: .3rem;
  border-bottom: 2px solid var(--line); }
& h3 { font-size: 1.05em; margin: 1.4rem 0 .4rem; font-weight: 600; }
& h3 code, & h2 code { font-size: 1em; }
& a { color: var(--link); }
& p { margin: .4rem 0; }
& code { font-family: ui-monospace, Consolas, "Noto Sans Mono CJK JP", monospace;
  background: none; color: inherit; padding: 0; }
& .line { color: var(--dim); font-weight: 400; font-size: .9em; margin-left: .5em; }
& .code { display: grid; gap: .1rem 1rem; margin: .5rem 0 .9rem; padding: .6rem .8rem;
  grid-template-columns: max-content fit-content(38rem) minmax(9rem, 1fr); font-size: .92em;
  background: var(--soft); border-radius: .4rem; align-items: baseline; }
& .code code { grid-column: 2; white-space: pre-wrap; }
& .number { grid-column: 1; color: var(--dim); text-align: right;
  font-variant-numeric: tabular-nums; }
& .says { grid-column: 3; color: var(--dim); display: flex; flex-wrap: wrap; gap: 0 1rem;
  align-items: baseline; }
& .says.right { color: var(--right); }
& .says.wrong { color: var(--wrong); }
& .says .equation { margin: 0; color: var(--dim); font-size: .9em; }
& .below { grid-column: 2 / -1; }
& .below .note { margin: .1rem 0 .6rem; }
& mark { color: inherit; background: var(--wrong-soft);
  text-decoration: underline wavy var(--wrong); text-decoration-skip-ink: none; }
& ul { list-style: none; margin: 0; padding: 0; }
& .counts { display: flex; flex-wrap: wrap; gap: .4rem; margin: .6rem 0; }
& .badge { display: inline-block; padding: .05rem .6rem; border-radius: 1rem;
  border: 1px solid currentColor; font-weight: 600; font-size: .9em; white-space: nowrap; }
VERDICTS
& .check { border: 1px solid var(--line); border-left-width: 5px; border-radius: .4rem;
  margin: .45rem 0; padding: .35rem .8rem; break-inside: avoid; }
& .head { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem .8rem; }
& .quantity { font-family: Cambria, "Times New Roman", "Noto Serif", serif; font-size: 1.1em;
  font-weight: 600; min-width: 3.6rem; }
& .equation { overflow-x: auto; overflow-y: hidden; max-width: 100%; white-space: nowrap;
  padding: .1rem 0; margin-left: auto; }
& math { font-size: 1.1em; math-style: normal; }
& small { color: var(--dim); font-size: .8em; }
& .found { display: flex; flex-wrap: wrap; gap: .6rem 2rem; margin: .5rem 0 .3rem;
  align-items: flex-start; }
& .found > div { flex: 1 1 20rem; min-width: 0; }
& dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem;
  margin: 0; font-size: .95em; }
& dt { color: var(--dim); font-weight: 400; }
& dd { margin: 0; }
& .fact { font-size: .95em; padding-left: 1.2em; text-indent: -1.2em; }
& .note { border-left: 3px solid var(--line); margin: .6rem 0 .2rem; padding: .1rem 0 .1rem .8rem; }
& .note.cause { border-color: var(--wrong); }
& .note li { margin: .25rem 0; }
& .note ul ul { padding-left: 1.2rem; list-style: disc; }
& .note b { font-weight: 600; }
& .tag { color: var(--dim); font-size: .85em; font-weight: 600; }
& .problem { background: var(--crashed-soft); border: 1px solid var(--crashed);
  border-radius: .4rem; padding: .4rem .8rem; }
& figure { margin: 0; max-width: 100%; min-width: 0; flex: 0 1 auto; }
& figcaption { color: var(--dim); font-size: .8em; line-height: 1.4; }
& .scroll { overflow-x: auto; max-width: 100%; }
& svg { display: block; max-width: none; }
& svg text { font: 11px system-ui, sans-serif; fill: var(--dim); }
& svg .grid { fill: none; stroke: var(--dim); stroke-width: 1; opacity: .6; }
& svg .off { fill: var(--wrong-soft); }
& svg .off.solid { fill: var(--wrong); }
& svg .cross { fill: none; stroke: var(--wrong); stroke-width: 1.6; }
& table { border-collapse: collapse; font-size: .9em; margin: .4rem 0; }
& th, & td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
  vertical-align: top; background: none; white-space: normal; }
& thead th { background: var(--soft); overflow-wrap: normal; word-break: keep-all; }
& tbody th { min-width: 10rem; max-width: 22rem; font-weight: 400; }
& td.cell { white-space: nowrap; }
& td.cell small { display: block; white-space: normal; min-width: 8em; color: inherit;
  font-size: .9em; }
& .id, & .figure { white-space: nowrap; overflow-wrap: normal; }
& .slide { min-width: 7em; }
& .needs, & .corrected { min-width: 11em; }
& .formula, & .remark { min-width: 13em; }
& summary { cursor: pointer; }
& .chain { margin: .6rem 0 1rem; }
& .step { display: flex; flex-wrap: wrap; align-items: center; gap: .1rem 1rem;
  padding: .15rem 0 .15rem 1rem; border-top: 1px dotted var(--line); }
& .step .equation { margin-left: 0; white-space: normal; }
& .step small { margin-left: auto; text-align: right; }
& tr.unexpected { outline: 3px solid var(--wrong); outline-offset: -2px; }
& .alarm { display: block; margin-top: .3rem; color: var(--wrong); font-weight: 700; }
& footer { margin-top: 2.5rem; color: var(--dim); font-size: .8em; }
"""

VERDICT = """& .badge.{0}, & td.{0} {{ color: var(--{1}); background: var(--{1}-soft); }}
& .check.{0} {{ border-left-color: var(--{1}); }}
"""

PAGE = """body { margin: 0; }
main { max-width: 80rem; margin: 0 auto; }
h1 { font: 600 1.6rem/1.3 system-ui, "Hiragino Sans", "Yu Gothic UI", Meiryo,
  "Noto Sans CJK JP", sans-serif; margin: 0; padding: 1.2rem 1rem 0; }
body { background: #fff; color: #1b1f24; }
@media (prefers-color-scheme: dark) { body { background: #0f141a; color: #e4e9ee; } }
@media print { body { background: #fff; color: #000; } }
"""


# On a screen each claim of the lecture is a card; on paper, a row of a table.
CARDS = """@media screen {
& .claims, & .claims table, & .claims td { display: block; border: 0; min-width: 0;
  max-width: none; white-space: normal; overflow-wrap: anywhere; }
& .claims tbody { display: grid; gap: .7rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 34rem), 1fr)); }
& .claims thead, & .claims td:empty { display: none; }
& .claims tr { display: block; border: 1px solid var(--line); border-radius: .4rem;
  padding: .3rem .5rem; break-inside: avoid; }
& .claims td.id, & .claims td.verdict, & .claims td.slide { display: inline-block; }
& .claims td.id { font-weight: 600; }
& .claims td.formula { font-size: 1.1em; }
& .claims tr:has(details[open]) { grid-column: 1 / -1; }
& .claims td::before { content: attr(data-label) ": "; color: var(--dim); font-weight: 600; }
& .claims td.id::before, & .claims td.verdict::before, & .claims td.slide::before,
& .claims td.formula::before, & .claims td.proof::before { content: ""; } }"""
# Where there is no room beside the code, what it computes stands below it.
NARROW = """@media (max-width: 46rem) {
& .code { grid-template-columns: max-content minmax(0, 1fr); }
& .code .says { grid-column: 2; padding-left: 1.5em; }
& .code .says:empty { display: none; } }"""


def style_sheet() -> str:
    """The rules of a report, each below the scope's class."""
    pairs = [(v, v) for v in ("right", "wrong", "imprecise", "unfinished", "crashed", "timeout")]
    pairs += [("holds", "right"), ("fails", "imprecise")]
    verdicts = "".join(VERDICT.format(*pair) for pair in pairs)
    scope = f".{SCOPE}" * 3  # above what a notebook says of lists, tables and code
    rules = CSS_RULES.replace("BACKGROUND", LIGHT).replace("VERDICTS", verdicts).replace("&", scope)
    dark = f"@media (prefers-color-scheme: dark) {{ {scope} {{ {DARK} }} }}"
    # On paper: dark on white whatever the screen has, and nothing hidden behind a scroll bar.
    paper = (
        f"@media print {{ {scope} {{ {LIGHT} font-size: 11px; }} "
        f"{scope} .scroll, {scope} .equation {{ overflow: visible; }} "
        f"{scope} table {{ font-size: 8px; }} {scope} th, {scope} td, {scope} td small {{ "
        "min-width: 0 !important; padding: .1rem .2rem; white-space: normal !important; } "
        f"{scope} {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }} }}"
    )
    narrow = NARROW.replace("&", scope)
    return f"{rules}{dark}\n{narrow}\n{CARDS.replace('&', scope)}\n{paper}"
