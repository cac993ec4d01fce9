"""Settings for `nbgrader`, to be used from this folder: `nbgrader generate_assignment mnist_lab`.

What a student is to fill in is shown as `...`, in nbgrader as in the released notebook.
"""

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "optimization"
c.ClearSolutions.code_stub = {"python": "..."}
c.ClearSolutions.text_stub = "*Your comparison goes here.*"
