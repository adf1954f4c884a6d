"""The campus: a simulated site with planted truth, and every defence on the same days."""
