"""Settings that all tests share."""

from hypothesis import settings

# The machines that run these tests are shared: a slow moment is no fault of the code.
settings.register_profile("course", deadline=None)
settings.load_profile("course")
