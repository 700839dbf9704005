"""A hand-derived gradient against autodiff: which line is wrong, and by which mistake.

How a file becomes a verdict (`homework.verify_file`):

1. It is read and taken apart (`reading`, `source`), without being run. Small functions whose names
   tell what they are (`kinds`: f, f', softmax, E, the exercise's forward and backward) are called
   in a child process (`run.runner`, `run.child`) and judged by themselves (`small`, `passes`).
2. Everything else is run (`recorded`): on arrays that record, until one pass has moved its
   parameters; or functions and classes that nothing calls are called (`run`). A new form of
   program belongs there: in `run.step` if parameters are kept in another way, in `run.libraries`
   if it imports something else, in `run.uncalled` if nothing in it is called, in `run.unknown` if
   what is not there is used in another way.
3. Its own forward pass is computed anew and differentiated by JAX (`truth`). Another E belongs in
   `truth.errors`.
4. The step is judged (`judge`): which E it goes down, which parameters follow the gradient, the
   first value that is nothing, and why. Where the network is a chain of layers it is brought to the
   lecture's form (`judge.layers`), in which the catalogue's formulas apply to any of them
   (`judge.claims`). Another mistake of any network belongs in `judge.causes`; of a layer, in
   `mistakes`.
   What has another shape than a gradient belongs in `judge.misfits`, another factor in
   `judge.factors`.
5. The verdicts are data (`finding`), and `report` writes them down.

What names mean is in `names`, and nowhere else. `check` is apart: from Python, it calls a function
of W, V, x and y as it is, whatever it is made of, and compares what it gives with the lecture's
closed form; anything else goes the way of a file (`excerpt`).
"""
