"""Everything that touches what students hand in.

`intake` reads submissions, `transport` gives access to the student's code through `Subject` proxies, `sandbox` isolates
workers, and `bounded` runs our own readers within limits. `outcome` and `exception_text` say how student code ended.
The packages above `submissions` may import all of them. It imports `graphs`, `inside`, `catalogue` and `errors`.
"""
