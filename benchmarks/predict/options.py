"""What the command line says."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.found import Size
from benchmarks.predict.catalogue import FLOAT_MODEL, KEYS
from capforge_agent.failures import ModelFailedError
from capforge_agent.onnx_interface import read_interface


@dataclass(frozen=True)
class Options:
    """One run."""

    only: tuple[str, ...] = KEYS
    connections: tuple[int, ...] = (1, 8)
    rounds: int = 8
    seconds: float = 1.7
    """Of each peer in each round."""
    model_size: Size = (224, 224)
    found: int = 10
    threads: int = 1
    """Of ONNX Runtime, for every peer: 1 is best where the requests fill the cores."""
    picture: Path | None = None
    json: Path | None = None
    first_port: int | None = None
    onnx: Path | None = None
    """A detector of the model contract; None: the small one of benchmarks/detector_model.py."""
    classes: int = 2
    cores: int = 2


def parsed(description: str, argv: list[str] | None = None) -> Options:
    """Read the command line; ends the process with a usage message where it is wrong."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Options()
    parser.add_argument("--quick", action="store_true", help="3 rounds of 0.6 s: a minute and a half, rough figures")
    parser.add_argument("--only", default=",".join(KEYS), help=f"of {','.join(KEYS)}")
    parser.add_argument("--connections", default="1,8", help="how many at a time (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=default.rounds, help="default %(default)s")
    parser.add_argument("--seconds", type=float, default=default.seconds, help="of each peer in a round")
    parser.add_argument("--side", type=int, default=default.model_size[0], help="of the small model's input, pixels")
    parser.add_argument("--found", type=int, default=default.found, help="objects in each answer")
    parser.add_argument("--threads", type=int, default=default.threads, help="ONNX Runtime's, 0 = all cores")
    parser.add_argument("--picture", type=_file, help="a JPEG to send (default: a drawn one of 640 x 480)")
    parser.add_argument("--json", type=Path, help="file to write every round's figures to")
    parser.add_argument("--first-port", type=int, help="use the ports from here on (default: free ones)")
    parser.add_argument("--cores", type=int, default=default.cores, help="for servers and client together")
    parser.add_argument("--onnx", type=_file, help="a trained detector to serve instead of the small one")
    parser.add_argument("--classes", type=int, default=default.classes, help="of that detector")
    given = vars(parser.parse_args(argv))
    if given.pop("quick"):
        given |= {"rounds": 3, "seconds": 0.6}
    only = tuple(given.pop("only").split(","))
    unknown = [key for key in only if key not in KEYS]
    if unknown:
        parser.error(f"--only {','.join(unknown)}: unknown; allowed: {', '.join(KEYS)}")
    given["model_size"] = (side := given.pop("side"), side)
    if given["onnx"]:
        only = tuple(key for key in only if key not in FLOAT_MODEL)
        try:
            given["model_size"] = input_of(given["onnx"])
        except ModelFailedError as error:
            parser.error(f"--onnx: {error}")
    connections = tuple(int(one) for one in given.pop("connections").split(","))
    return Options(only=only, connections=connections, **given)


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return path


def input_of(onnx: Path) -> Size:
    """Return the size of a detector's input; raises ModelFailedError where the file is no model."""
    (image,) = read_interface(onnx).inputs
    _, height, width, _ = image.shape
    return width, height
