"""Grading: turn a submission into a report, and a class into a folder of reports.

The suite, the phases, the conditions and the report are here. `one_submission` runs phases on a submission, and
`whole_class` runs them on a class. The packages above import this package: `outputs`, `course`, `proof`, `authoring`,
`notebook` and `cli`.
"""
