"""What all tests share: no test fails because a machine is slow."""

import hypothesis

hypothesis.settings.register_profile("dnswatch", deadline=None)
hypothesis.settings.load_profile("dnswatch")
