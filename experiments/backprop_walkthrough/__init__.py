"""The lecture's animated slides, alive: one step of backpropagation as a page that calculates."""
