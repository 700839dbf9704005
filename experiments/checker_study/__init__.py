"""The parts of the study of the checker: derivations as text, edits of them, and the judge."""
