"""The steps of the chain, each from what the steps before it left: for a job, or for a sweep.

A job reads its inputs from disk and writes what a step returns; a sweep calls the steps one after
another in one process. Both get the same numbers, to the last digit.
"""
