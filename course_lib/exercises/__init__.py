"""Exercises with feedback, predictions to commit to before a reveal, and the reader's progress.

What each lecture asks is written in its own module, `lecture_N`; `tasks` and `predictions` hold the
two kinds of question, `answers` reads and compares answers. Used by notebooks and homework.
"""

from course_lib.exercises import progress
from course_lib.exercises.predictions import Prediction, predict
from course_lib.exercises.tasks import Exercise, every, exercise, lectures
from course_lib.live.notes import Note

__all__ = ["Exercise", "Note", "Prediction", "every", "exercise", "lectures", "predict"]

progress.count(lectures)
