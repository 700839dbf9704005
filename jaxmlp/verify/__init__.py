"""A hand-derived gradient against autodiff: which line is wrong, and by which mistake.

How a file becomes a verdict (`homework.verify_file`):

1. It is read and taken apart (`reading`, `source`), without being run. Functions whose names tell
   what they are (`kinds`) are called in a child process (`run.runner`, `run.child`) and judged
   stage by stage, as the lecture's u, z, δ2, δ1, ∂E/∂V and ∂E/∂W (`calling`, `check`, `passes`,
   `small`, `judge.stages`).
2. Training loops, classes, and what else names do not settle, are run (`recorded`): on arrays that
   record, until one pass has moved its parameters (`run`). A new form of program belongs there: in
   `run.step` if parameters are kept in another way, in `run.modules` if it imports something else,
   in `run.calls` if nothing in it is called, in `run.unknown` if what is not there is used in
   another way.
3. Its own forward pass is computed anew and differentiated by JAX (`truth`). Another E belongs in
   `truth.errors`.
4. The step is judged (`judge`): which E it goes down, which parameters follow the gradient, the
   first value that is nothing, and why. Where the network is a chain of layers it is brought to the
   lecture's form (`judge.layers`), in which the catalogue's formulas apply to any of them
   (`judge.claims`). Another mistake of any network belongs in `judge.causes`; of a layer, in
   `mistakes`.
5. The verdicts are data (`finding`), and `report` writes them down.
"""
