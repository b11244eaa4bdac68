"""Which format a folder has, told by its files or said by a person; what of it is sent, what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from capforge.data import formats
from capforge.data.check import check
from capforge.data.folder import is_within
from capforge.data.labelled import Format, Labelled
from capforge.errors import CliError, Exit
from capforge_contracts.coco.texts import fits_a_line

_EXPECTED = {
    Format.COCO: 'a .json file with the lists "images", "annotations" and "categories"',
    Format.YOLO: "a data.yaml with names and train, val or test",
    Format.VOC: "XML files, in the folder or in Annotations",
    Format.IMAGE_FOLDER: "one folder of pictures for each class",
    Format.MANIFEST: "a .jsonl file whose first line says capforge.dataset/v1",
}


_NAMING_PICTURES = frozenset({Format.COCO, Format.MANIFEST})
"""Of these only pictures that records name are sent; of the others every one of the folder."""


def looked_through(folder: Path, form: Format | None = None) -> Labelled:
    """Check a folder of a format, or of the one that it has; raises CliError where that cannot be told."""
    if not folder.is_dir():
        raise CliError(f"{folder} is no folder; allowed: a folder of labelled data", code=Exit.WRONG_USAGE)
    chosen = form or _format_of(folder)
    found = _taken(folder, chosen)
    checked = [check(folder, chosen, address) for address in found.addresses]
    found.faults += [fault for one in checked for fault in one.faults]
    if chosen in _NAMING_PICTURES:
        found.pictures = sorted({path for one in checked for path in one.pictures})
    return found


def _taken(folder: Path, form: Format) -> Labelled:
    """Return the files that belong to the data."""
    match form:
        case Format.VOC:
            return formats.take_voc(folder)
        case Format.IMAGE_FOLDER:
            return formats.take_image_folder(folder)
        case Format.YOLO:
            return formats.take_yolo(folder, _one(_files(folder, (".yaml", ".yml"), formats.is_yolo, form)))
        case Format.MANIFEST:
            naming = [_one(_files(folder, (".jsonl",), formats.is_manifest, form))]
        case Format.COCO:
            naming = _files(folder, (".json",), formats.looks_like_coco, form)
    return Labelled(form, named=naming, addresses=[path.name for path in naming])


def _format_of(folder: Path) -> Format:
    found = [form for form, tells in _TELLING.items() if tells(folder)]
    if not found and formats.has_voc(folder):
        return Format.VOC
    if not found and formats.has_class_folders(folder):
        return Format.IMAGE_FOLDER
    if not found:
        expected = "; ".join(f"{form}: {what}" for form, what in _EXPECTED.items())
        raise CliError(f"there is no COCO file in {folder}, and no other labelled data", expected, Exit.FAULTY_DATA)
    if len(found) > 1:
        names = " and ".join(found)
        raise CliError(f"{folder} looks like {names}", "Say which by --format.", Exit.WRONG_USAGE)
    return found[0]


def _files(folder: Path, endings: tuple[str, ...], tells: Callable[[Path], bool], form: Format) -> list[Path]:
    """Return the files directly in a folder that name everything else; raises CliError where there is none."""
    found = _telling(folder, endings, tells)
    if not found:
        raise CliError(f"there is no {form.label} file in {folder}", f"Allowed: {_EXPECTED[form]}.", Exit.FAULTY_DATA)
    odd = [path for path in found if not fits_a_line(path.name)]
    if odd:
        message = f"{odd[0].name!a} is no name for a {form.label} file; allowed: letters of one line"
        raise CliError(message, code=Exit.FAULTY_DATA)
    return found


def _one(found: list[Path]) -> Path:
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise CliError(f"several files say what there is ({names}); allowed: one", code=Exit.WRONG_USAGE)
    return found[0]


def _telling(folder: Path, endings: tuple[str, ...], tells: Callable[[Path], bool]) -> list[Path]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in endings)
    return [path for path in paths if is_within(folder, path) and tells(path)]


# Formats with a file that names everything; the others are told by what is left.
_TELLING: dict[Format, Callable[[Path], bool]] = {
    Format.COCO: lambda folder: bool(_telling(folder, (".json",), formats.looks_like_coco)),
    Format.YOLO: lambda folder: bool(_telling(folder, (".yaml", ".yml"), formats.is_yolo)),
    Format.MANIFEST: lambda folder: bool(_telling(folder, (".jsonl",), formats.is_manifest)),
}
