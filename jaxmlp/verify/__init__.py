"""A hand-derived gradient against autodiff: which line is wrong, and by which mistake."""
