"""The lecture's claims as HTML: a table, and the chains of equalities that prove them."""

import itertools
from collections.abc import Sequence

from jaxmlp.verify.finding import Claim, Derivation, Step
from jaxmlp.verify.report import telling, words
from jaxmlp.verify.report.formula import mathml
from jaxmlp.verify.report.page import badge, escape, tag, wrapped
from jaxmlp.verify.report.words import clean, say

CLAIM_COLUMNS = (
    *("id", "verdict", "slide", "formula", "difference", "needs", "corrected", "remark", "proof"),
)


def claims_table(claims: Sequence[Claim], lang: str) -> str:
    """The lecture's claims as one table in a <div>."""
    head = "".join(f'<th scope="col">{say(key, lang)}</th>' for key in CLAIM_COLUMNS)
    rows = "\n".join(_claim(claim, lang) for claim in claims)
    table = (
        f'<div class="scroll claims"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n'
        "</tbody></table></div>"
    )
    summary = "<br>".join(map(escape, telling.claims_summary(claims, lang).splitlines()))
    return wrapped([f"<p>{summary}</p>", notation(claims, lang), table, laws(claims, lang)], lang)


def _claim(claim: Claim, lang: str) -> str:
    key, odd = "holds" if claim.holds else "fails", claim.holds != claim.recorded
    alarm = f'<span class="alarm">‼ {telling.not_as_recorded(claim, lang)}</span>' if odd else ""
    cells = {
        "id": escape(claim.id),
        "verdict": badge(key, lang) + alarm,
        "slide": f'<span lang="ja">{escape(claim.slide)}</span>',
        "formula": mathml(clean(claim.formula)),
        "figure": words.small(claim.relative_error),
        "needs": _needs(claim, lang),
        "corrected": _set(telling.corrected(claim), claim.correction),
        "remark": escape(" ".join(words.lines(getattr(claim.remark, lang))))
        if claim.remark
        else "",
        "proof": proof(claim, lang),
    }
    named = zip(cells.items(), CLAIM_COLUMNS, strict=True)
    row = "".join(
        f'<td class="{kind}" data-label="{say(key, lang)}">{cell}</td>'
        for (kind, cell), key in named
    )
    return f'<tr class="unexpected">{row}</tr>' if odd else f"<tr>{row}</tr>"


def _set(text: str | None, formula: str | None) -> str:
    """The text with the formula in it set as one."""
    if not text or not formula:
        return escape(text or "")
    return escape(text).replace(escape(formula), mathml(clean(formula)))


def _needs(claim: Claim, lang: str) -> str:
    """The assumption; what both languages say alike at its end is a formula."""
    if claim.assumption is None:
        return ""
    pairs = zip(claim.assumption.en[::-1], claim.assumption.ja[::-1], strict=False)
    alike = "".join(a for a, b in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    return _set(telling.needs(claim, lang), alike[::-1].strip())


def proof(claim: Claim, lang: str) -> str:
    """What is proved of a claim, and behind it the chains of equalities."""
    said = telling.proved(claim, lang)
    if said is None:
        return ""
    return f"<details><summary>{escape(said)}</summary>{chains(claim, lang)}</details>"


def chains(claim: Claim, lang: str) -> str:
    """The counterexample, if there is one, and the chains of a claim that has a proof."""
    refuted = escape(telling.refuted(claim, lang)) if claim.proof.refutation else ""
    example = f"<p>{tag('refutation', lang)} {refuted}</p>" if refuted else ""
    return example + "".join(derivation(chain, lang) for chain in claim.proof.derivations)


def derivation(chain: Derivation, lang: str) -> str:
    """A chain, one expression a line, each with the names of the rules that lead to it."""
    title = getattr(chain.title, lang)
    head = say("chain", lang, title, chain.where) if chain.where else title
    lines = "".join(_step(step, lang) for step in chain.steps)
    return f'<div class="chain"><p class="tag">{escape(head)}</p>{lines}</div>'


def _step(step: Step, lang: str) -> str:
    sign = mathml("=") + " " if step.rules else ""
    rules = say("comma", lang).join(escape(getattr(law.name, lang)) for law in step.rules)
    formula = f'<span class="equation">{sign}{mathml(clean(step.formula))}</span>'
    return f'<div class="step">{formula} <small>{rules}</small></div>'


NOTATION = (
    *("x_0 = 1", "u_j = w_j·x", "z_0 = 1, z_l = f(u_l)", "a_i = v_i·z", "g_i = g(Vz)_i"),
    "δ_{ij} = 1 (i = j), 0 (i ≠ j)",
)


def notation(claims: Sequence[Claim], lang: str) -> str:
    """What the letters of the chains stand for; nothing where there is no chain."""
    if not any(claim.proof and claim.proof.derivations for claim in claims):
        return ""
    listed = "; ".join(map(mathml, NOTATION))
    return f"<p>{say('notation', lang)}{say('colon', lang)}{listed}</p>"


def laws(claims: Sequence[Claim], lang: str) -> str:
    """The list of the rules that the chains use."""
    chains = (chain for claim in claims if claim.proof for chain in claim.proof.derivations)
    used = dict.fromkeys(law for chain in chains for step in chain.steps for law in step.rules)
    rows = "".join(
        f"<dt>{escape(getattr(law.name, lang))}</dt><dd>{mathml(clean(law.formula))}</dd>"
        for law in used
        if law.formula
    )
    lead = f"<p>{say('rules lead', lang)}</p>"
    return f"<section><h2>{say('rules', lang)}</h2>{lead}<dl>{rows}</dl></section>" if rows else ""
