"""The verdict: is the normal good enough, for which quantity, and what is if it is not."""
