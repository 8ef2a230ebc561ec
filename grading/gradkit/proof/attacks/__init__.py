"""The corpus of attacks, graded as classes: each submission gets exactly what its honest part earns.

corpus      the attacks, their labels, and how their submissions are made
host        watches what submissions must not change, read, reach or leave behind on this machine
checks      compares a report, and what a class adds up to, with the labels
secrets     grades under two secrets, and finds what a worker carried out
run         grades attacks and collects the reasons why one did not go as it must
corpus_run  grades the corpus class by class, and keeps results, so that a run can be stopped and resumed
record      makes the record for docs/proof.md
"""
