"""Tesseract as a program: one run per page, one thread, killed when its time is over.

A program rather than a binding: Debian maintains it, a crash is an exit code, and a page costs one start of 0.1 s.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from capforge_candidates.engines.port import FoundWord, Pixels
from capforge_candidates.engines.size import best_scale, resized
from capforge_candidates.engines.tsv import words_from
from capforge_candidates.faults import Code, Fault
from capforge_contracts.reading import Engine as EngineName

_PROBE_SECONDS = 20.0
_ORIENTATION = "osd"
_LAYOUT = "4"
"""Page segmentation: one column of text of various sizes."""
_LETTER_PIXELS = 24.0
"""Height of letters that is read best (benchmarks/ocr)."""
_ONE_THREAD = {"OMP_THREAD_LIMIT": "1"}
"""More of them wait for one another actively: four times the CPU time for the same page."""
_SCALES = (0.4, 3.0)
_RESOLUTION = ("--dpi", "200")
"""About what the letters' height means for usual print; else it is guessed from each page anew."""
_TURN_PIXELS = 15.0
_VERSION = re.compile(r"^tesseract v?(\S+)", re.MULTILINE)
_ROTATE = re.compile(r"^Rotate: (\d+)$", re.MULTILINE)
_DATA_GONE = ("Error opening data file", "Failed loading language", "couldn't load any languages")
_FULL_DEGREES = 360


class _Refused(Exception):  # noqa: N818 - reads as the fact it states
    """The program ran and did not like this page."""


@dataclass(frozen=True)
class Tesseract:
    """A program that is known to be there, with all languages; make it with `tesseract()`."""

    program: str
    languages: tuple[str, ...]
    release: str
    timeout_seconds: float
    finds_turns: bool
    """Its orientation data is installed."""

    @property
    def name(self) -> EngineName:
        return EngineName.TESSERACT

    @property
    def version(self) -> str:
        return f"tesseract-{self.release}+{'+'.join(self.languages)}"

    @property
    def knows_lines(self) -> bool:
        return True

    def words(self, grey: Pixels) -> Sequence[FoundWord]:
        scale = best_scale(grey, _LETTER_PIXELS, *_SCALES)
        try:
            table = self._run(resized(grey, scale), "--psm", _LAYOUT, "-l", "+".join(self.languages), "tsv")
        except _Refused as error:
            raise Fault(Code.BROKEN_DOCUMENT, f"the OCR program cannot read a page ({error}); send another") from error
        return [
            FoundWord(word.text, _shrunk(word.box, scale), word.line, word.confidence) for word in words_from(table)
        ]

    def turn(self, grey: Pixels) -> int | None:
        if not self.finds_turns:
            return None
        try:
            scale = best_scale(grey, _TURN_PIXELS, *_SCALES)
            found = _ROTATE.search(self._run(resized(grey, scale), "--psm", "0", "-l", _ORIENTATION))
        except _Refused:  # too few characters
            return None
        return int(found[1]) % _FULL_DEGREES if found else None

    def _run(self, grey: Pixels, *options: str) -> str:
        _, png = cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        command = [self.program, "stdin", "stdout", *_RESOLUTION, *options]
        try:
            ran = subprocess.run(  # noqa: S603 - the program is a setting
                command,
                input=png.tobytes(),
                capture_output=True,
                timeout=self.timeout_seconds,
                check=False,
                env={**os.environ, **_ONE_THREAD},
            )
        except subprocess.TimeoutExpired as error:
            message = f"a page was not read within {self.timeout_seconds:g} s; send a smaller picture"
            raise Fault(Code.READING_TIMEOUT, message) from error
        except OSError as error:
            raise Fault(Code.ENGINE_AWAY, f"`{self.program}` does not start: {error.strerror}") from error
        said = ran.stderr.decode(errors="replace").strip()
        if any(sign in said for sign in _DATA_GONE):
            raise Fault(Code.ENGINE_AWAY, f"`{self.program}` has lost its data: {said[-200:]}")
        if ran.returncode:
            raise _Refused(f"it ended with {ran.returncode}: {said[-200:] or 'no word'}")
        return ran.stdout.decode(errors="replace")


def tesseract(program: str, languages: Sequence[str], timeout_seconds: float) -> Tesseract:
    """Ask the program what it is; raises Fault (EngineAway) that says what to do where it or a language is missing."""
    release = _VERSION.search(_asked(program, "--version"))
    installed = set(_asked(program, "--list-langs").splitlines()[1:])  # the first line tells where they are
    if missing := [language for language in languages if language not in installed]:
        packages = " ".join(f"tesseract-ocr-{language.replace('_', '-')}" for language in missing)
        raise Fault(
            Code.ENGINE_AWAY,
            f"Tesseract has no data for {', '.join(missing)}; it has {', '.join(sorted(installed)) or 'none'}: "
            f"install {packages} (the image: build argument LANGUAGES)",
        )
    return Tesseract(
        program, tuple(languages), release[1] if release else "unknown", timeout_seconds, _ORIENTATION in installed
    )


def _shrunk(box: tuple[float, float, float, float], scale: float) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return x0 / scale, y0 / scale, x1 / scale, y1 / scale


def _asked(program: str, question: str) -> str:
    try:
        ran = subprocess.run(  # noqa: S603 - the program is a setting
            [program, question], capture_output=True, timeout=_PROBE_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Fault(
            Code.ENGINE_AWAY,
            f"`{program}` cannot be run ({error}): install tesseract-ocr, or name the program in CAPFORGE_TESSERACT",
        ) from error
    return (ran.stdout + ran.stderr).decode(errors="replace")
