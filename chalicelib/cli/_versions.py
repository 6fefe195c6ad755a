"""A version of a policy as an argument."""

import argparse


def version(text: str) -> tuple[str, int]:
    """`NAME@NUMBER`."""
    name, at, number = text.rpartition("@")
    if not (at and name and number.isascii() and number.isdecimal() and 0 < int(number) < 10**9):
        raise argparse.ArgumentTypeError(f"found {text[:80]!r}, wanted NAME@NUMBER, like house@3")
    return name, int(number)
