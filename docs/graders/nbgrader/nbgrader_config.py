"""A course of one assignment; `nbgrader` is run in a copy of this folder."""

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "backpropagation"
c.ExecutePreprocessor.timeout = 120
