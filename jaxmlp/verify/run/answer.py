"""What somebody would type whom a program asks for numbers."""

from __future__ import annotations

from jaxmlp.verify.run.oracle import FRESH_SIZES, SAMPLES, Oracle


class Answer(str):
    """An answer: as a word it is 1, as a whole number a size, as any other number a random one."""

    _oracle: Oracle
    _word: str | None  # what it has been taken for
    _others: set[str]  # what it has been compared with

    def __new__(cls, oracle: Oracle) -> Answer:
        """An answer that becomes what the program takes it for."""
        made = super().__new__(cls, "1")
        made._oracle, made._word, made._others = oracle, None, set()
        return made

    def __int__(self) -> int:
        self._oracle.typed += 1
        size = FRESH_SIZES[(self._oracle.typed - 1) % len(FRESH_SIZES)]
        sizes = tuple(dict.fromkeys((size, 1, SAMPLES, *self._oracle.own)))
        return self._oracle.choose(sizes, typed=True)

    def __eq__(self, other: object) -> bool:
        """Whether it is this word: it may be any that is asked for, and stays what it is."""
        if not isinstance(other, str):
            return False
        if self._word is None and other not in self._others:
            is_it = str.__eq__(self, other) or self._oracle.choose((False, True), typed=True)
            self._word = other if is_it else None
            self._others.add(other)
        return self._word is not None and str.__eq__(self._word, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __float__(self) -> float:
        return float(self._oracle.random.normal())

    def split(self, *_: object) -> list[str]:
        """Several answers on one line: as many as the program turns out to want."""
        count = self._oracle.choose((1, 2, SAMPLES), "answers", typed=True)
        return [self, *(Answer(self._oracle) for _ in range(count - 1))]

    def strip(self, *_: object) -> str:
        """The same, with no blanks around it."""
        return self
