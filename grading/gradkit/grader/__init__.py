"""Grading: turn a submission into a report, and a class into a folder of reports.

The suite, the phases, the conditions and the report are here. `one_submission` runs phases on a submission, and
`whole_class` runs them on a class. Outputs, the course's tools, the proof and the commands import this package.
"""
