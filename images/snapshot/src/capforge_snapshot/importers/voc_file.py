"""One Pascal VOC XML file: raw bytes in, an image and its objects or all its faults out. Pure.

XML comes from strangers: a document type (and with it entities, which a few lines can grow from into gigabytes, and
references to other files) is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from capforge_contracts.coco.attributes import ALLOWED as ALLOWED_ATTRIBUTES
from capforge_contracts.coco.attributes import read_attributes
from capforge_contracts.coco.boxes import around
from capforge_contracts.coco.faults import FaultCode
from capforge_contracts.coco.records import MAX_PIXELS_A_SIDE
from capforge_contracts.coco.segmentation import MAX_CORNERS, polygon_problem
from capforge_contracts.coco.texts import CLASS_NAME, is_class_name, shortened

MAX_FILE_BYTES = 8 * 1024 * 1024
MAX_ELEMENTS = 200_000
"""Each takes some two hundred bytes, and several files are read at once: more would fill the memory."""
_DEEPEST = 32
_FLAGS = ("pose", "truncated", "difficult", "occluded")
_UNKNOWN = "Unspecified"
"""What VOC writes for a pose that nobody told."""


@dataclass(slots=True)
class Node:
    """One element."""

    tag: str
    line: int
    pieces: list[str] = field(default_factory=list)
    """Of its text: put together once, or the time would grow with the square of their number."""
    children: list[Node] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def child(self, tag: str) -> Node | None:
        """Return the first child of this name."""
        return next((one for one in self.children if one.tag == tag), None)

    def told(self, tag: str) -> str | None:
        """Return the text of a child; None where it is absent or empty."""
        child = self.child(tag)
        return (child.text.strip() or None) if child else None


@dataclass(frozen=True)
class VocObject:
    """A labelled object."""

    label: str
    class_name: str
    bbox: tuple[float, float, float, float]
    polygon: tuple[float, ...] | None
    attributes: dict[str, str]


@dataclass(frozen=True)
class VocFault:
    """What is wrong with one record."""

    code: FaultCode
    record: str
    message: str


@dataclass
class VocFile:
    """What an XML file says."""

    filename: str | None = None
    width: int | None = None
    height: int | None = None
    objects: list[VocObject] = field(default_factory=list)
    faults: list[VocFault] = field(default_factory=list)

    def wrong(self, record: str, message: str, code: FaultCode = FaultCode.BAD_RECORD) -> None:
        self.faults.append(VocFault(code, record, message))


def read_voc_file(data: bytes) -> VocFile:
    """Return the image and its objects, with every fault."""
    found = VocFile()
    try:
        root = _Builder().built(data)
    except expat.ExpatError as error:
        why = f"no valid XML: {expat.ErrorString(error.code)}; allowed: a complete VOC annotation"
        found.wrong(f"line {error.lineno}", why, FaultCode.INVALID_XML)
        return found
    except _Refused as error:
        found.wrong("the file", str(error), FaultCode.INVALID_XML)
        return found
    except (ValueError, LookupError) as error:  # an encoding that is none
        why = f"no valid XML: {_shown(str(error))}; allowed: UTF-8"
        found.wrong("the file", why, FaultCode.INVALID_XML)
        return found
    if root.tag != "annotation":
        found.wrong("the file", f"it is <{_shown(root.tag)}>; allowed: <annotation>", FaultCode.NOT_VOC)
        return found
    found.filename = root.told("filename")
    if found.filename is None:
        found.wrong("filename", "it is missing; allowed: the picture's file, relative to the images folder")
    _read_size(root, found)
    for position, node in enumerate((one for one in root.children if one.tag == "object"), start=1):
        _read_object(f"object {position} (line {node.line})", node, found)
    return found


def _read_size(root: Node, found: VocFile) -> None:
    size = root.child("size")
    for side in ("width", "height"):
        text = size.told(side) if size else None
        value = _number(text) if text else None
        if text is None or value == 0:  # programs that do not know the size write 0
            continue
        if value is None or not 1 <= value <= MAX_PIXELS_A_SIDE or value != int(value):
            found.wrong("size", f"{side} is {_shown(text)}; allowed: a whole number of pixels, or no size")
        else:
            setattr(found, side, int(value))


def _read_object(label: str, node: Node, found: VocFile) -> None:
    before = len(found.faults)
    name = node.told("name")
    if not is_class_name(name):
        found.wrong(label, f"name is {_shown(name) if name else 'missing'}; allowed: {CLASS_NAME}")
    polygon = _polygon(label, node, found)
    bbox = around(polygon) if polygon else _box(label, node, found)
    attributes = read_attributes(dict(_attributes(node)))
    if isinstance(attributes, str):
        found.wrong(label, f"attributes {attributes}; allowed: {ALLOWED_ATTRIBUTES}")
        attributes = {}
    if len(found.faults) == before and name and bbox:
        found.objects.append(VocObject(label, name, bbox, polygon, attributes))


def _box(label: str, node: Node, found: VocFile) -> tuple[float, float, float, float] | None:
    box = node.child("bndbox")
    texts = [box.told(side) if box else None for side in ("xmin", "ymin", "xmax", "ymax")]
    numbers = [_number(text) for text in texts]
    if any(number is None for number in numbers):
        shown = ", ".join(_shown(text) if text else "missing" for text in texts)
        found.wrong(label, f"bndbox {shown}; allowed: finite numbers xmin, ymin, xmax, ymax", FaultCode.BAD_BOX)
        return None
    x0, y0, x1, y1 = (float(number or 0) for number in numbers)
    return x0, y0, x1 - x0, y1 - y0


def _polygon(label: str, node: Node, found: VocFile) -> tuple[float, ...] | None:
    """Return the polygon that some programs add: <polygon><x1>…</x1><y1>…</y1><x2>…."""
    outline = node.child("polygon")
    if outline is None:
        return None
    texts = {one.tag: one.text.strip() for one in outline.children}
    count = sum(tag.startswith("x") for tag in texts)
    names = [f"{axis}{number}" for number in range(1, min(count, MAX_CORNERS + 1) + 1) for axis in "xy"]
    numbers = [_number(texts.get(name)) for name in names]
    problem = polygon_problem(numbers) if len(texts) == 2 * count else "it has other elements than x1, y1, x2, …"
    if problem:
        allowed = f"3 to {MAX_CORNERS} corners x1, y1, x2, y2, …"
        found.wrong(label, f"polygon: {problem}; allowed: {allowed}", FaultCode.BAD_POLYGON)
        return None
    return tuple(float(number or 0) for number in numbers)


def _attributes(node: Node) -> Iterator[tuple[str, str]]:
    for tag in _FLAGS:
        text = node.told(tag)
        if text and text != _UNKNOWN:
            yield tag, text
    more = node.child("attributes")
    for one in more.children if more else ():
        if one.tag == "attribute":
            yield one.told("name") or "", one.told("value") or ""


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text and "_" not in text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _shown(text: str) -> str:
    return shortened(ascii(text)[1:-1])


class _Refused(Exception):  # noqa: N818 - reads as the fact it states
    """Sound XML that no labelling program writes; the message says what."""


class _Builder:
    """Builds the tree, with the line of each element."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._elements = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def built(self, data: bytes) -> Node:
        """Return the root; raises ExpatError, ValueError (unknown encodings too), _Refused."""
        self._parser.Parse(data, True)
        return self.root or Node("", 0)

    def _refuse(self, *_: object) -> None:
        # Entities can be declared nowhere else: without a document type there are none.
        raise _Refused("it declares a document type; allowed: plain elements")

    def _start(self, tag: str, _: object) -> None:
        if len(self._open) >= _DEEPEST:
            message = f"elements are nested more than {_DEEPEST} deep; allowed: at most that"
            raise _Refused(message)
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            message = f"there are more than {MAX_ELEMENTS} elements; allowed: at most that"
            raise _Refused(message)
        node = Node(tag, self._parser.CurrentLineNumber)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, content: str) -> None:
        self._open[-1].pieces.append(content)
