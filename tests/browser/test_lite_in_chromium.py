"""The course with nothing installed, in Chromium."""

from lite_tests import *  # noqa: F403

MAKE = "chromium"
