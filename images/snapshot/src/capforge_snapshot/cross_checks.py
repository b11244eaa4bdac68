"""What can only be seen by looking at several records at once: ids, names and contents that repeat or are missing.

Read `RECORD_CHECKS` from the top: each query answers (record, message, image in doubt, file). Of records that repeat,
every one after the first is named, and the first is named in the message. Records that point to one that was itself
refused are not named again: the cause is in the list already.
"""

from __future__ import annotations

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_snapshot.index import Index

_DUPLICATE_CATEGORY_ID = """
SELECT 'category ' || a.id || ' (' || a.name || ')',
       'the id is already used by category ' || b.name || '; allowed: each id once', NULL, NULL
FROM categories a
JOIN (SELECT id, min(row) first FROM categories GROUP BY id HAVING count(*) > 1) d ON a.id = d.id AND a.row > d.first
JOIN categories b ON b.row = d.first
ORDER BY a.row
"""
_DUPLICATE_CATEGORY_NAME = """
SELECT 'category ' || a.id || ' (' || a.name || ')',
       'the name is already used by category ' || b.id || '; allowed: each name once', NULL, NULL
FROM categories a
JOIN (SELECT name, min(row) first FROM categories GROUP BY name HAVING count(*) > 1) d
    ON a.name = d.name AND a.row > d.first
JOIN categories b ON b.row = d.first
WHERE a.id != b.id ORDER BY a.row
"""
_DUPLICATE_IMAGE_ID = """
SELECT a.label, 'the id is already used by ' || b.name || '; allowed: each id once', a.id, a.file
FROM images a
JOIN (SELECT id, min(row) first FROM images GROUP BY id HAVING count(*) > 1) d ON a.id = d.id AND a.row > d.first
JOIN images b ON b.row = d.first
ORDER BY a.row
"""
_DUPLICATE_FILE_NAME = """
SELECT a.label,
       'the file is already ' || b.label || coalesce(' of ' || b.file, '') || '; allowed: one record for each file',
       a.id, a.file
FROM images a
JOIN (SELECT name, min(row) first FROM images WHERE key IS NULL GROUP BY name HAVING count(*) > 1) d
    ON a.name = d.name AND a.row > d.first AND a.key IS NULL
JOIN images b ON b.row = d.first
WHERE a.id != b.id ORDER BY a.row
"""
_DUPLICATE_ANNOTATION_ID = """
SELECT a.label, 'the id is already used for image ' || b.image || '; allowed: each id once', a.image, a.file
FROM annotations a
JOIN (SELECT id, min(row) first FROM annotations WHERE id IS NOT NULL
      GROUP BY id HAVING count(*) > 1) d ON a.id = d.id AND a.row > d.first
JOIN annotations b ON b.row = d.first
ORDER BY a.row
"""
_UNKNOWN_IMAGE = """
SELECT a.label, 'image_id ' || a.image || ' is no image of this file; allowed: an id in images', NULL, a.file
FROM annotations a
WHERE NOT EXISTS (SELECT 1 FROM images b WHERE b.id = a.image)
  AND NOT EXISTS (SELECT 1 FROM refused r WHERE r.kind = 'images' AND r.id = a.image)
ORDER BY a.row
"""
_UNDECLARED_CATEGORY = """
SELECT a.label,
       'category_id ' || a.category || ' of image ' || a.image || ' is not declared; allowed: '
           || coalesce((SELECT group_concat(id, ', ') FROM (SELECT id FROM categories ORDER BY row LIMIT 100)),
                       'nothing, categories is empty'),
       a.image, a.file
FROM annotations a
WHERE NOT EXISTS (SELECT 1 FROM categories b WHERE b.id = a.category)
  AND NOT EXISTS (SELECT 1 FROM refused r WHERE r.kind = 'categories' AND r.id = a.category)
ORDER BY a.row
"""

RECORD_CHECKS: list[tuple[FaultCode, str]] = [
    (FaultCode.DUPLICATE_CATEGORY_ID, _DUPLICATE_CATEGORY_ID),
    (FaultCode.DUPLICATE_CATEGORY_NAME, _DUPLICATE_CATEGORY_NAME),
    (FaultCode.DUPLICATE_IMAGE_ID, _DUPLICATE_IMAGE_ID),
    (FaultCode.DUPLICATE_FILE_NAME, _DUPLICATE_FILE_NAME),
    (FaultCode.DUPLICATE_ANNOTATION_ID, _DUPLICATE_ANNOTATION_ID),
    (FaultCode.UNKNOWN_IMAGE, _UNKNOWN_IMAGE),
    (FaultCode.UNDECLARED_CATEGORY, _UNDECLARED_CATEGORY),
]

_AMBIGUOUS_CATEGORIES = """
UPDATE categories SET dropped = 1
WHERE id IN (SELECT id FROM categories GROUP BY id HAVING count(*) > 1)
   OR row NOT IN (SELECT min(row) FROM categories GROUP BY name)
"""
_IMAGES_OF_DROPPED_CATEGORIES = """
UPDATE images SET dropped = 1 WHERE id IN (
    SELECT image FROM annotations WHERE category IN (
        SELECT id FROM categories WHERE dropped UNION SELECT id FROM refused WHERE kind = 'categories'))
"""
_REPEATED_NAMES = """
UPDATE images SET dropped = 1 WHERE key IS NULL
    AND name IN (SELECT name FROM images WHERE key IS NULL GROUP BY name HAVING count(*) > 1)
"""
_SAME_CONTENT = """
SELECT a.row, a.label, 'the file has the same bytes as ' || d.first || '; allowed: each picture once', a.file
FROM images a
JOIN (SELECT sha256, min(name) first FROM images WHERE sha256 IS NOT NULL AND key IS NULL
      GROUP BY sha256 HAVING count(DISTINCT name) > 1) d ON a.sha256 = d.sha256 AND a.name != d.first AND a.key IS NULL
ORDER BY a.row
"""


def check_records(index: Index) -> None:
    """Find what repeats or points nowhere among the records."""
    for code, query in RECORD_CHECKS:
        index.record_faults(code, query)
    for statement in (_AMBIGUOUS_CATEGORIES, _IMAGES_OF_DROPPED_CATEGORIES, _REPEATED_NAMES):
        index.sql.execute(statement)


def check_contents(index: Index) -> None:
    """Find pictures that occur twice under different names; the first name in the alphabet stays."""
    for row, record, message, file in index.sql.execute(_SAME_CONTENT).fetchall():
        index.fault(RecordFault(FaultCode.DUPLICATE_CONTENT, record, message), file)
        index.drop_image(row)
