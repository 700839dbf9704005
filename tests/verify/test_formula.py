"""Formulas of the claims as MathML: nothing lost, everything well formed and where it belongs."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxmlp.verify.lecture import CLAIMS
from jaxmlp.verify.report.formula import mathml

FORMULAS = sorted({f for one in CLAIMS for f in (one.formula, one.correction) if f})
RAISED = str.maketrans("ᵀ⁽⁾ᵗ⁺⁻¹²ˣ'", "T()t+−12x′")


def parsed(text: str) -> ET.Element:
    return ET.fromstring(f"<r>{mathml(text)}</r>")


def signs(text: str) -> str:
    """What a formula says, without how it is laid out."""
    text = text.translate(RAISED).replace("Ṽ", "V~").replace("ṽ", "v~")
    return re.sub(r"[\s_{}^/]", "", text)


@pytest.mark.parametrize("formula", FORMULAS)
def test_nothing_of_a_claim_is_lost(formula):
    assert signs("".join(parsed(formula).itertext())) == signs(formula)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("∂E/∂v_k", "<mfrac><mrow><mo>∂</mo><mi>E</mi></mrow><mrow><mo>∂</mo><msub><mi>v</mi><mi>k</mi></msub></mrow></mfrac>"),
        ("w_dx_d", "<msub><mi>w</mi><mi>d</mi></msub><msub><mi>x</mi><mi>d</mi></msub>"),
        ("v_k0", "<msub><mi>v</mi><mrow><mi>k</mi><mn>0</mn></mrow></msub>"),
        ("w_ij²", "<msubsup><mi>w</mi><mrow><mi>i</mi><mi>j</mi></mrow><mn>2</mn></msubsup>"),
        ("Σ_i", "<munder><mo>Σ</mo><mi>i</mi></munder>"),
        ("zᵀ", '<msup><mi>z</mi><mi mathvariant="normal">T</mi></msup>'),
        ("δ2", "<msub><mi>δ</mi><mn>2</mn></msub>"),
        ("1/80", "<mn>1</mn><mo>/</mo><mn>80</mn>"),
        ("e^{−u}", "<msup><mi>e</mi><mrow><mo>−</mo><mi>u</mi></mrow></msup>"),
        ("e^{x_1}", "<msup><mi>e</mi><msub><mi>x</mi><mn>1</mn></msub></msup>"),
        ("f'(u)", '<mi>f</mi><mo lspace="0" rspace="0">′</mo><mrow><mo>(</mo><mi>u</mi><mo>)</mo></mrow>'),
    ],
)  # fmt: skip
def test_layout(formula, expected):
    assert mathml(formula) == f"<math>{expected}</math>"


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_base_has_one_script_in_each_place(formula):
    for tag, parts in {"msub": 2, "msup": 2, "munder": 2, "mfrac": 2, "msubsup": 3}.items():
        assert all(len(one) == parts for one in parsed(formula).iter(tag))


def test_a_line_may_break_at_spaces_outside_brackets_alone():
    pieces = ["".join(math.itertext()) for math in parsed("W = (a − b) c").iter("math")]
    assert pieces == ["W", "=", "(a−b)", "c"]


@given(st.text("∂/EVz_k ()[]{}^ᵀ²<&'Σ|1", max_size=12))
def test_any_text_is_well_formed(text):
    parsed(text)
