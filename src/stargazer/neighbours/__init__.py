"""Count who starred what else, and rank what they share.

Everything here is pure: plain values in, plain values out; no await, no clock,
no file, no log and no random state.
"""
