"""Documents, the same for training and serving: what can fill a field, under which key, and what a person picked.

found = candidates_of(reading, fields)            # field name -> candidates
labels = labels_of(reading, fields, annotation)   # the wire's labels -> FieldLabels; raises AnnotationFaults
"""

from capforge_transforms.documents.candidates import Candidate, candidates_of
from capforge_transforms.documents.keys import CandidateKeys, candidate_keys
from capforge_transforms.documents.labels import AnnotationFaults, LabelFault, labels_of
from capforge_transforms.documents.lines import lined, words_given
from capforge_transforms.documents.text import assemble

__all__ = [
    "AnnotationFaults",
    "Candidate",
    "CandidateKeys",
    "LabelFault",
    "assemble",
    "candidate_keys",
    "candidates_of",
    "labels_of",
    "lined",
    "words_given",
]
