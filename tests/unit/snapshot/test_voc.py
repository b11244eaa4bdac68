"""Pascal VOC: what becomes of XML files, and what is named when something is wrong."""

from __future__ import annotations

import pytest

from capforge_contracts.dataset import OnFault, SnapshotOutcome
from capforge_contracts.sources import VocSource
from tests.unit.snapshot.cocofolder import picture
from tests.unit.snapshot.formats import BASE, VOC, take, voc, voc_object, voc_xml


def test_boxes_are_the_corners_that_are_written():
    taken = take(voc(), VOC)
    assert taken.result.outcome is SnapshotOutcome.LOCKED, taken.result.message
    assert taken.items["1.png"].entities[0].box == [5.0, 6.0, 15.0, 18.0]
    assert [(one.name, one.count) for one in taken.result.classes] == [("cat", 2), ("dog", 1)]


def test_pose_difficult_and_the_like_are_attributes():
    flags = "<pose>Left</pose><truncated>0</truncated><difficult>1</difficult><occluded> </occluded>"
    more = "<attributes><attribute><name>colour</name><value>red</value></attribute></attributes><part><name>head</name></part>"
    taken = take(voc(**{"1": voc_xml(1, voc_object(more=flags + more))}), VOC)
    (entity,) = taken.items["1.png"].entities
    assert entity.attributes == {"pose": "Left", "truncated": "0", "difficult": "1", "colour": "red"}


def test_a_pose_that_nobody_told_is_not_known():
    taken = take(voc(**{"1": voc_xml(1, voc_object(more="<pose>Unspecified</pose>"))}), VOC)
    assert taken.items["1.png"].entities[0].attributes == {}


def test_a_polygon_is_kept_with_the_box_around_it():
    corners = "<polygon><x1>5</x1><y1>6</y1><x2>25</x2><y2>6</y2><x3>15</x3><y3>20</y3></polygon>"
    taken = take(voc(**{"1": voc_xml(1, voc_object(more=corners))}), VOC)
    (entity,) = taken.items["1.png"].entities
    assert (entity.polygon, entity.box) == ([5.0, 6.0, 25.0, 6.0, 15.0, 20.0], [5.0, 6.0, 25.0, 20.0])


def test_boxes_of_a_stored_size_are_turned_with_the_picture():
    files = {**voc(), "JPEGImages/1.png": picture(1, orientation=6)}
    assert take(files, VOC).items["1.png"].entities[0].box == [12.0, 5.0, 24.0, 15.0]


def test_a_size_of_zero_is_not_known():
    taken = take(voc(**{"1": voc_xml(1, size="<size><width>0</width><height>0</height></size>")}), VOC)
    assert taken.result.outcome is SnapshotOutcome.LOCKED


def test_pictures_may_lie_beside_the_xml_files_or_anywhere():
    files = {name.rpartition("/")[2]: data for name, data in voc().items()}
    assert take(files, {"voc": VocSource(annotations_uri=BASE)}).result.items == 2
    source = VocSource(annotations_uri=f"{BASE}/Annotations", images_uri=f"{BASE}/JPEGImages/")
    assert take(voc(), {"voc": source}).result.items == 2


LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>'
    "<annotation><filename>&c;</filename></annotation>"
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><annotation><filename>&a;</filename></annotation>'
FILES = [
    ("InvalidXml", "the file", "document type", LAUGHS),
    ("InvalidXml", "the file", "document type", OUTSIDE),
    ("InvalidXml", "line 2", "mismatched tag", "<annotation>\n<filename>1.png</annotation>"),
    ("InvalidXml", "line 1", "no element found", ""),
    ("InvalidXml", "the file", "nested more than 32 deep", "<a>" * 5000),
    ("InvalidXml", "line 1", "undefined entity", "<annotation><filename>&x;</filename></annotation>"),
    ("NotVoc", "the file", "allowed: <annotation>", "<html/>"),
    ("BadRecord", "filename", "it is missing", "<annotation/>"),
    ("BadFileName", "image ../1.png", "leaves the images folder", "<annotation><filename>../1.png</filename></annotation>"),
    ("BadFileName", "image /etc/passwd", "absolute", "<annotation><filename>/etc/passwd</filename></annotation>"),
    ("MissingImage", "image 9.png", "no readable object", "<annotation><filename>9.png</filename></annotation>"),
    ("DuplicateFileName", "image 2.png", "already image 2.png of 2.xml", "<annotation><filename>2.png</filename></annotation>"),
    ("SizeMismatch", "image 1.png", "the file has 40 x 30", voc_xml(1, size="<size><width>41</width></size>").decode()),
    ("BadRecord", "size", "width is -4", voc_xml(1, size="<size><width>-4</width></size>").decode()),
    ("BadRecord", "object 1 (line 1)", "name is missing", voc_xml(1, voc_object(" ")).decode()),
    ("BadRecord", "object 1 (line 1)", "attributes", voc_xml(1, voc_object(more="<pose>" + "x" * 2000 + "</pose>")).decode()),
    ("BadBox", "object 1 (line 1)", "missing", voc_xml(1, "<object><name>cat</name></object>").decode()),
    ("BadBox", "object 1 (line 1)", "finite numbers", voc_xml(1, voc_object(box=(float("nan"), 1, 2, 3))).decode()),
    ("ZeroAreaBox", "object 1 (line 1)", "width and height above 0", voc_xml(1, voc_object(box=(9, 9, 9, 12))).decode()),
    ("BoxOutside", "object 1 (line 1)", "inside the image of 40 x 30", voc_xml(1, voc_object(box=(5, 5, 45, 9))).decode()),
    ("BadPolygon", "object 1 (line 1)", "it has 4 numbers", voc_xml(1, voc_object(more="<polygon><x1>1</x1><y1>1</y1><x2>9</x2><y2>9</y2></polygon>")).decode()),
    ("BadPolygon", "object 1 (line 1)", "other elements", voc_xml(1, voc_object(more="<polygon><pt>1</pt></polygon>")).decode()),
]  # fmt: skip


@pytest.mark.parametrize(("code", "record", "says", "xml"), FILES, ids=[f"{one[0]}: {one[2][:20]}" for one in FILES])
def test_a_wrong_file_is_named_with_its_record(code: str, record: str, says: str, xml: str):
    files = voc(**{"1": xml.encode()})
    if code == "DuplicateFileName":  # the second of the two files is named
        files = voc(**{"3": xml.encode()})
    taken = take(files, VOC)
    file = "3.xml" if code == "DuplicateFileName" else "1.xml"
    assert [(fault.code, fault.file, fault.record) for fault in taken.faults] == [(code, file, record)]
    assert says in taken.faults[0].message, taken.faults[0].message


def test_every_fault_of_every_file_is_listed_at_once():
    broken = voc_xml(2, voc_object(box=(0, 0, 0, 0)) + "\n" + voc_object(""))
    taken = take(voc(**{"1": b"<a", "2": broken}), VOC)
    assert [(fault.file, fault.record) for fault in taken.faults] == [
        ("1.xml", "line 1"),
        ("2.xml", "object 2 (line 2)"),
        ("2.xml", "object 1 (line 1)"),
    ]


def test_skip_leaves_out_the_image_of_a_wrong_object():
    taken = take(voc(**{"1": voc_xml(1, voc_object(box=(0, 0, 99, 9)))}), VOC, on_fault=OnFault.SKIP)
    assert sorted(taken.items) == ["2.png"]


def test_a_folder_without_xml_is_a_fault():
    taken = take({"Annotations/readme.md": b"x"}, VOC, on_fault=OnFault.SKIP)
    assert [fault.code for fault in taken.faults] == ["NotVoc"]
    assert taken.result.outcome is SnapshotOutcome.FAULTY_RECORDS
