"""Read what students hand in: folders, zips, notebooks and learning platforms' downloads.

A submission can be hostile, so `take_in` reads it in a bounded process and copies only the files that count to a new
folder. Nothing of a submission is run or unpacked here. The packages above `submissions` may import this package.
"""
