"""The course with nothing installed, in Firefox."""

from lite_tests import *  # noqa: F403

MAKE = "firefox"
