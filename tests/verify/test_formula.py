"""Formulas of the claims as MathML: nothing lost, everything well formed and where it belongs."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxmlp.verify.lecture import CLAIMS
from jaxmlp.verify.lecture.proof import proofs
from jaxmlp.verify.report.formula import GAP, mathml
from jaxmlp.verify.report.lecture import NOTATION

FORMULAS = sorted({f for one in CLAIMS for f in (one.formula, one.correction) if f})
PARTS = {"msub": 2, "msup": 2, "munder": 2, "mfrac": 2, "msubsup": 3, "munderover": 3}
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


@pytest.mark.slow
def test_nothing_of_a_proof_is_lost():
    chains = [one for proof in proofs() for one in proof.derivations]
    steps = [step for one in chains for step in one.steps]
    formulas = {step.formula for step in steps} | {law.formula for s in steps for law in s.rules}
    assert len(formulas) > 150
    for formula in [*formulas, *NOTATION]:
        root = parsed(formula)
        assert signs("".join(root.itertext())).replace("W~", "W̃") == signs(formula)
        for tag, parts in PARTS.items():
            assert all(len(one) == parts for one in root.iter(tag)), formula


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("∂E/∂v_k", "<mfrac><mrow><mo>∂</mo><mi>E</mi></mrow><mrow><mo>∂</mo><msub><mi>v</mi><mi>k</mi></msub></mrow></mfrac>"),
        ("w_dx_d", "<msub><mi>w</mi><mi>d</mi></msub><msub><mi>x</mi><mi>d</mi></msub>"),
        ("v_k0", "<msub><mi>v</mi><mrow><mi>k</mi><mn>0</mn></mrow></msub>"),
        ("w_ij²", "<msubsup><mi>w</mi><mrow><mi>i</mi><mi>j</mi></mrow><mn>2</mn></msubsup>"),
        ("Σ_i", "<munder><mo>Σ</mo><mi>i</mi></munder>"),
        ("Σ_{l=0}^{q}", "<munderover><mo>Σ</mo><mrow><mi>l</mi><mo>=</mo><mn>0</mn></mrow><mi>q</mi></munderover>"),
        ("∂E/∂v_{kj}", "<mfrac><mrow><mo>∂</mo><mi>E</mi></mrow><mrow><mo>∂</mo><msub><mi>v</mi><mrow><mi>k</mi><mi>j</mi></mrow></msub></mrow></mfrac>"),
        ("(y log g)", f"<mrow><mo>(</mo><mi>y</mi>{GAP}<mi>log</mi>{GAP}<mi>g</mi><mo>)</mo></mrow>"),
        ("(a − b)", "<mrow><mo>(</mo><mi>a</mi><mo>−</mo><mi>b</mi><mo>)</mo></mrow>"),
        ("(Σ_i y)_k", "<msub><mrow><mo>(</mo><munder><mo>Σ</mo><mi>i</mi></munder>" + GAP + "<mi>y</mi><mo>)</mo></mrow><mi>k</mi></msub>"),
        ("u_j^{(ℓ)}", "<msubsup><mi>u</mi><mi>j</mi><mrow><mo>(</mo><mi>ℓ</mi><mo>)</mo></mrow></msubsup>"),
        ("W̃", '<mover accent="true"><mi>W</mi><mo stretchy="false">~</mo></mover>'),
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
    for tag, parts in PARTS.items():
        assert all(len(one) == parts for one in parsed(formula).iter(tag))


def test_a_line_may_break_at_spaces_outside_brackets_alone():
    pieces = ["".join(math.itertext()) for math in parsed("W = (a − b) c").iter("math")]
    assert pieces == ["W", "=", "(a−b)", "c"]


@given(st.text("∂/EVz_k ()[]{}^ᵀ²<&'Σ|1", max_size=12))
def test_any_text_is_well_formed(text):
    parsed(text)
