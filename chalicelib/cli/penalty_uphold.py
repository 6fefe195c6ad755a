"""Find an appeal without ground; the penalty stands."""

import argparse

from chalicelib.cli import _penalty


def register(parser: argparse.ArgumentParser) -> None:
    _penalty.register(parser, "why the appeal fails")


def run(args: argparse.Namespace) -> int:
    return _penalty.decide(args, "uphold")
