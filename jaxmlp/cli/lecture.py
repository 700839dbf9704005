"""`jaxmlp verify` without a file: the lecture's own equations."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from jaxmlp.cli import Stop
from jaxmlp.cli.console import progress_aside
from jaxmlp.verify import lecture
from jaxmlp.verify.finding import Claim, Proof, Words

NO_SYMPY = Words(
    "SymPy is not installed: by numbers only, without proofs (pip install 'jaxmlp[app]').",
    "SymPy がないため、証明はせず、数値だけで確かめました (pip install 'jaxmlp[app]')。",
)
NOT_RECORDED = Words("not as recorded", "記録と不一致")
NOT_PROVED = Words("not proved", "証明できなかったもの")


def judged_claims(seed: int, proof: bool, lang: str) -> tuple[Claim, ...]:
    """The equations, each judged by numbers and, where wanted, proved."""
    claims = lecture.claims(seed=seed)
    return tuple(_proved(claims, lang)) if proof else claims


def check(claims: Sequence[Claim], lang: str) -> None:
    """Refuse equations that came out in another way than they once did, or were not proved.

    Raises:
        Stop: with their numbers.
    """
    other = [claim.id for claim in claims if claim.holds != claim.recorded]
    unproved = [claim.id for claim in claims if claim.proof and claim.proof.done is False]
    for words, ids in ((NOT_RECORDED, other), (NOT_PROVED, unproved)):
        if ids:
            raise Stop(f"{getattr(words, lang)}: {', '.join(ids)}", code=1)


def _proved(claims: Sequence[Claim], lang: str) -> Iterator[Claim]:
    """The claims with their proofs; where there is no SymPy, with word of that."""
    try:
        from jaxmlp.verify.lecture.proof import CHAINS, proof
    except ModuleNotFoundError as error:
        if error.name != "sympy":
            raise
        yield from (replace(claim, proof=Proof(claim.id, NO_SYMPY, None)) for claim in claims)
        return
    words = ("証明中", "件") if lang == "ja" else ("proving", "claims")
    with progress_aside(*words) as bar:
        running = bar.add_task("", total=len(CHAINS))
        for claim in claims:
            known = claim.id in CHAINS
            yield replace(claim, proof=proof(claim.id)) if known else claim
            bar.advance(running, known)
