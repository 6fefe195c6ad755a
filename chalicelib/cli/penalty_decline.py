"""Turn a proposed penalty down."""

import argparse

from chalicelib.cli import _penalty


def register(parser: argparse.ArgumentParser) -> None:
    _penalty.register(parser, "why it is turned down")


def run(args: argparse.Namespace) -> int:
    return _penalty.decide(args, "decline")
