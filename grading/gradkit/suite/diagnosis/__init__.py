"""Find the mistake behind a failed item, for a hint: by a few more questions to the student's code, and by fingerprint.

A hint that comes from questions is true by construction: it says what the student's code does, or a rule was the only
one of a table of known slips that agrees with all answers. `find_hint` (find_hint.py) is the way in.
"""
