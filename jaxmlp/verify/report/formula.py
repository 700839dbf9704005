"""Formulas as the claims write them, in one line of Unicode, set as MathML."""

import re
from collections import deque
from html import escape

WORDS = "ReLU|softmax|argmax|tanh|rank|max|log|tr|of"
SUPERSCRIPTS = str.maketrans("ᵀ⁽⁾ᵗ⁺⁻¹²ˣ", "T()t+−12x")
TOKEN = re.compile(
    rf"(?P<word>{WORDS})|(?P<raised>[ᵀ⁽⁾ᵗ⁺⁻¹²ˣ]+)|(?P<number>\d+(?:\.\d+)?)|(?P<letter>W̃|[^\W\d_])"
    r"|_(?P<index>[ijk]{1,2}0?|[^\W\d_]|\d+)|(?P<script>[_^])\{|(?P<space>\s+)|(?P<other>.)"
)
CLOSING = {"(": ")", "[": "]", "{": "}"}
ACCENTED = {"Ṽ": "V", "ṽ": "v", "W̃": "W"}
SIGMA = "<mo>Σ</mo>"
GAP = "<mspace width='0.2em'></mspace>"
BREAK = ""  # a space of the line, where a browser may begin a new one

Tokens = deque[tuple[str, str]]


def mathml(text: str) -> str:
    """A formula as <math> elements, one for what no line break may part.

    Indices are written w_j, exponents as raised letters or e^{x_k}; ∂A/∂B becomes a fraction.

    Example:
        >>> mathml("z_j = x²").replace("<math>", " ").replace("</math>", "")
        ' <msub><mi>z</mi><mi>j</mi></msub>  <mo>=</mo>  <msup><mi>x</mi><mn>2</mn></msup>'
    """
    tokens: Tokens = deque((m.lastgroup, m[m.lastgroup]) for m in TOKEN.finditer(text))
    chunks = "\0".join(_nodes(tokens)).split(f"\0{BREAK}\0")
    return " ".join(f"<math>{chunk.replace(chr(0), '')}</math>" for chunk in chunks)


def _nodes(tokens: Tokens, end: str | None = None) -> list[str]:
    """What stands before the closing token, one element after the other."""
    nodes: list[str] = []
    partial: int | None = None  # where the last ∂ without its / stands
    while tokens and tokens[0][1] != end:
        kind, text = tokens.popleft()
        if text == "∂":
            partial = len(nodes)
        if text == "/" and partial is not None:
            nodes[partial:] = [_fraction(nodes[partial:], tokens)]
            partial = None
        elif kind in ("raised", "index", "script"):
            nodes.append(_scripted(nodes.pop() if nodes else "<mrow></mrow>", kind, text, tokens))
        else:
            nodes.append(_element(kind, text, tokens))
    if tokens:
        tokens.popleft()
    return nodes


def _fraction(over: list[str], tokens: Tokens) -> str:
    """∂A/∂B, of which ∂B is still to come."""
    under = [_element(*tokens.popleft(), tokens) for _ in range(min(2, len(tokens)))]
    while tokens and tokens[0][0] in ("raised", "index", "script"):
        under.append(_scripted(under.pop(), *tokens.popleft(), tokens))
    return f"<mfrac><mrow>{_joined(over)}</mrow><mrow>{''.join(under)}</mrow></mfrac>"


def _element(kind: str, text: str, tokens: Tokens) -> str:
    if kind == "space":
        return BREAK
    if text in CLOSING:
        inside = _joined(_nodes(tokens, CLOSING[text]))
        return f"<mrow><mo>{text}</mo>{inside}<mo>{CLOSING[text]}</mo></mrow>"
    if text in ACCENTED:
        return f'<mover accent="true"><mi>{ACCENTED[text]}</mi><mo stretchy="false">~</mo></mover>'
    if text == "δ" and tokens and tokens[0][0] == "number":  # δ1, δ2
        return f"<msub><mi>δ</mi><mn>{tokens.popleft()[1]}</mn></msub>"
    if text == "'":
        return '<mo lspace="0" rspace="0">′</mo>'
    if text in "∂Σ" or kind == "other":
        return f"<mo>{escape(text)}</mo>"
    return f"<mn>{text}</mn>" if kind == "number" else f"<mi>{text}</mi>"


def _scripted(base: str, kind: str, text: str, tokens: Tokens) -> str:
    """The base with an index or an exponent; with both, where it has one already."""
    if kind == "raised":
        script = _plain(text.translate(SUPERSCRIPTS))
    else:
        script = _plain(text) if kind == "index" else _one(_nodes(tokens, "}"))
    if kind == "raised" or text == "^":
        for single, both in (("msub", "msubsup"), ("munder", "munderover")):
            if base.startswith(f"<{single}>"):
                return f"<{both}>{base[len(single) + 2 : -len(single) - 3]}{script}</{both}>"
        return f"<msup>{base}{script}</msup>"
    return f"<munder>{base}{script}</munder>" if base == SIGMA else f"<msub>{base}{script}</msub>"


def _joined(elements: list[str]) -> str:
    """Side by side, where no line may end: a space shows unless it is beside a sign."""
    shown = []
    for before, element, after in zip(["", *elements], elements, [*elements[1:], ""], strict=False):
        beside = before.startswith("<mo") or after.startswith("<mo>") or not (before and after)
        shown.append(element or ("" if beside else GAP))
    return "".join(shown)


def _plain(text: str) -> str:
    """Letters, numbers and signs, as one element."""
    if text == "T":
        return '<mi mathvariant="normal">T</mi>'
    parts = re.findall(r"\d+|.", text)
    tags = ("mn" if p.isdigit() else "mi" if p.isalpha() else "mo" for p in parts)
    return _one([f"<{tag}>{part}</{tag}>" for tag, part in zip(tags, parts, strict=True)])


def _one(elements: list[str]) -> str:
    """A script has room for one element."""
    return elements[0] if len(elements) == 1 else f"<mrow>{''.join(elements)}</mrow>"
