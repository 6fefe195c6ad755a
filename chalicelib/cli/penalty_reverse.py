"""Take a penalty back: its points, its measure, its entry in the register."""

import argparse

from chalicelib.cli import _penalty


def register(parser: argparse.ArgumentParser) -> None:
    _penalty.register(parser, "why it is taken back")


def run(args: argparse.Namespace) -> int:
    return _penalty.decide(args, "reverse")
