"""What all tests share: no test fails because a machine is slow.

At a desk hypothesis looks for new examples each time; `.ci/run` has it look at the same ones, so
that it judges the change and not the day's luck.
"""

import os

import hypothesis

hypothesis.settings.register_profile("dnswatch", deadline=None)
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.load_profile("same" if os.environ.get("DNSWATCH_REQUIRE_ALL") else "dnswatch")
