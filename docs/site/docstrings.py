"""The package's docstrings, as the reference reads them."""

import griffe


class Examples(griffe.Extension):
    """`Example:` is a section of examples, too."""

    def on_instance(self, *, obj: griffe.Object, **_) -> None:
        if obj.docstring:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")
