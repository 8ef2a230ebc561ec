"""Find the mistake behind a failed item, for a hint: by a few more questions to the student's code, and by fingerprint.

Most hints are derived from answers of the student's code: either they say what was observed, or a rule is the only one
of a table of known slips that agrees with all answers. Another mistake can give the same answers, so a hint can still
be wrong: `gradkit hints` measures how often. `find_hint` (find_hint.py) is the way in.
"""
