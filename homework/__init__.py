"""The MNIST lab as homework: release it, grade what comes back, give feedback.

`python -m homework` has the words. Students' code is run by `sandbox`, judged by `grade`, kept by
`gradebook` and told to people by `feedback`; `questions` and `assignment` say what is asked.
"""
