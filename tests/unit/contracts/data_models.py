"""Data models that hypothesis makes up, in the form in which one is stored."""

from __future__ import annotations

from hypothesis import strategies as st

from capforge_contracts.data_model import Convention, DataField, FieldType, Presence, Writing

_NAMES = st.from_regex(r"[a-z0-9]([a-z0-9_]{0,20}[a-z0-9])?", fullmatch=True)
_LINES = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=20)
_OPTIONS = {
    FieldType.WORD: {"letters": st.sampled_from(Presence), "digits": st.sampled_from(Presence)},
    FieldType.AMOUNT: {"whole": st.sampled_from([Presence.SOMETIMES, Presence.ALWAYS])},
    FieldType.DATE: {"convention": st.sampled_from(Convention)},
    FieldType.CLASSIFICATION: {"classes": st.lists(_LINES, min_size=1, max_size=4, unique=True)},
}


@st.composite
def data_fields(draw: st.DrawFn) -> DataField:
    kind = draw(st.sampled_from(FieldType))
    options = {name: draw(values) for name, values in _OPTIONS.get(kind, {}).items()}
    name, display = draw(_NAMES), draw(st.one_of(st.just(""), _LINES))
    shown = "" if display == name else display
    return DataField(name=name, display_name=shown, type=kind, writing=draw(st.sampled_from(Writing)), **options)


def data_models() -> st.SearchStrategy[list[DataField]]:
    return st.lists(data_fields(), min_size=1, max_size=8, unique_by=lambda field: field.name)
