"""The kit proves itself: misconceptions must be caught, variants must not be."""
