"""What an export writes as COCO, pycocotools reads: classes, boxes, outlines, and the gradings of its own."""

from __future__ import annotations

from pathlib import Path

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split
from capforge_contracts.exports import ExportFormat, LockedDataset, export
from capforge_contracts.exports.files import TextFile

CLASSES = ("a cat", "dög")


def test_pycocotools_reads_an_export_and_finds_it_equal_to_itself(tmp_path: Path) -> None:
    outlined = ManifestEntity(class_name="dög", box=[4, 4, 24, 20], polygon=[4, 4, 24, 4, 24, 20], id="rex")
    boxed = ManifestEntity(class_name="a cat", box=[1.5, 2, 11.25, 12], attributes={"pose": "left"})
    items = [
        ManifestItem(sha256=f"{number:x}" * 64, name="same.png", width=40, height=30, split=Split.TRAIN, entities=found)
        for number, found in enumerate(([outlined, boxed], [], [boxed]))
    ]
    files = export(LockedDataset(CLASSES, lambda: iter(items)), ExportFormat.COCO)
    (written,) = [file for file in files if isinstance(file, TextFile)]
    path = tmp_path / written.path
    path.write_bytes(b"".join(written.chunks))

    coco = COCO(str(path))
    assert [one["name"] for one in coco.loadCats(coco.getCatIds())] == list(CLASSES)
    assert len({one["file_name"] for one in coco.loadImgs(coco.getImgIds())}) == len(items)
    cats = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(catNms=["a cat"])))
    assert [one["bbox"] for one in cats] == [[1.5, 2, 9.75, 10]] * 2
    (dog,) = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(catNms=["dög"])))
    assert coco.annToMask(dog).sum() > dog["area"] / 2

    found = [
        {"image_id": one["image_id"], "category_id": one["category_id"], "bbox": one["bbox"], "score": 1.0}
        for one in coco.loadAnns(coco.getAnnIds())
    ]
    graded = COCOeval(coco, coco.loadRes(found), "bbox")
    graded.evaluate()
    graded.accumulate()
    graded.summarize()
    assert graded.stats[0] == 1.0
