"""What somebody would type whom a program asks for numbers."""

from __future__ import annotations

from jaxmlp.verify.run.oracle import SAMPLES, SIZES, Oracle
from jaxmlp.verify.run.tape import current


class Answer(str):
    """An answer: as a word it is 1, as a whole number a size, as any other number a random one."""

    _oracle: Oracle

    def __new__(cls, oracle: Oracle) -> Answer:
        """An answer that becomes what the program takes it for."""
        made = super().__new__(cls, "1")
        made._oracle = oracle
        return made

    def __int__(self) -> int:
        current().guessed = True
        self._oracle.typed += 1
        size = SIZES[(self._oracle.typed - 1) % len(SIZES)]
        return self._oracle.choose(tuple(dict.fromkeys((size, 1, SAMPLES, *self._oracle.own))))

    def __float__(self) -> float:
        current().guessed = True
        return float(self._oracle.random.normal())

    def split(self, *_: object) -> list[str]:
        """Several answers on one line: it is one."""
        return [self]

    def strip(self, *_: object) -> str:
        """The same, with no blanks around it."""
        return self
