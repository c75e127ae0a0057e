"""Decide what to ask GitHub, in which order, how much at once, and when.

Everything here is pure: plain values in, plain values out; no await, no clock,
no file, no log and no random state.
"""
