"""The verdict: on a recorded step of any network, and on the stages of the lecture's own.

`steps` finds the E that a step minimises (`choosing`, `evidence`), and `following` says which
parameters follow its gradient, in a `judgement`; `naming` says of every value of the backward pass
what it is; `causes` why the first that is nothing is wrong, and `mending` what is still wrong
without that. `stages` judges what was claimed for u, z, δ2, … of the two-layer network.

`told` makes checks of it, and `lines` says of the file's lines what they compute, in the names
(`called`) and symbols (`symbols`) that there are. `suspects` finds what stops a step, `evaluation`
what is wrong with the use of its parameters afterwards.
"""
