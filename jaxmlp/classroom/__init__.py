"""The submissions of a class: found in whatever an LMS hands out, graded, and written up.

`archives` lists every entry of folders and zips, `names` says whose it is, `submissions` puts them
together by student. `grading` has what is new or changed judged, and keeps what was found (`kept`).
`rubric` gives points; `page`, `feedback` and `tables` write down what comes out. A room of its own
beside `verify`, which judges one file at a time and knows nothing of students.
"""
