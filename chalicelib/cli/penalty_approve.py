"""Impose a proposed penalty; not for who proposed it."""

import argparse

from chalicelib.cli import _penalty


def register(parser: argparse.ArgumentParser) -> None:
    _penalty.register(parser)


def run(args: argparse.Namespace) -> int:
    return _penalty.decide(args, "approve")
