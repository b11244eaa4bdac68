"""The network: text, form, place, picture and neighbours of each token, asked by each field's name and type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from capforge_contracts.data_model import DataField, FieldType, Presence
from capforge_trainer.models.network import Network
from capforge_transforms.documents.encode import CELLS_ON_SIDE, FEATURES, SLOTS
from capforge_transforms.documents.grams import BUCKETS, word_grams

CHANNELS = 4
"""Of a token and field: first (or the value's), last, within, keep."""
TYPES = tuple(FieldType)
QUERY_FLAGS = len(TYPES) + 6
NAME_GRAMS = 32


@dataclass(frozen=True)
class Shape:
    """Widths of the network."""

    text: int = 32
    hidden: int = 80
    slot: int = 20
    picture: int = 8
    query: int = 32
    asked: int = 40
    rounds: int = 2


@dataclass(frozen=True)
class Batch:
    """Pages as tensors, as in the graph's inputs."""

    grams: Tensor
    features: Tensor
    neighbours: Tensor
    cells: Tensor
    mask: Tensor
    picture: Tensor


class Body(Network):
    """The generic part: tokens [N,T] → states [N,T,hidden], texts of their slots [N,T,S,text]; knows no field."""

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.table = nn.Embedding(BUCKETS + 1, shape.text, padding_idx=0)
        nn.init.normal_(self.table.weight, std=shape.text**-0.5)
        with torch.no_grad():
            self.table.weight[0] = 0
        self.eye = nn.Sequential(
            nn.Conv2d(1, 8, 4, stride=4), nn.ReLU(), nn.Conv2d(8, shape.picture, 4, stride=2, padding=1), nn.ReLU()
        )
        self.enter = nn.Linear(shape.text + FEATURES + shape.picture, shape.hidden)
        self.enter_norm = nn.LayerNorm(shape.hidden)
        self.squeeze_text = nn.Linear(shape.text, shape.slot)
        self.squeeze = nn.ModuleList(nn.Linear(shape.hidden, shape.slot) for _ in range(shape.rounds - 1))
        self.mix = nn.ModuleList(
            nn.Linear(shape.hidden + shape.slot * SLOTS, shape.hidden) for _ in range(shape.rounds)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(shape.hidden) for _ in range(shape.rounds))
        self.dropout = nn.Dropout(dropout)

    def texts(self, grams: Tensor) -> Tensor:
        """Hashed pieces [..., G] → text vectors [..., text], of about length 1."""
        present = (grams > 0).to(self.table.weight.dtype)
        count = present.sum(-1, keepdim=True).clamp(min=1)
        return self.table(grams).sum(-2) / count.sqrt()

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        texts = self.texts(batch.grams)
        seen = self._seen(batch)
        state = self.enter(torch.cat([texts, batch.features, seen], dim=-1))
        state = self.dropout(F.gelu(self.enter_norm(state)))
        slot_texts = _at_neighbours(texts, batch.neighbours)
        said = self.squeeze_text(texts)
        for turn, (mix, norm) in enumerate(zip(self.mix, self.norms, strict=True)):
            if turn:
                said = self.squeeze[turn - 1](state)
            around = _at_neighbours(said, batch.neighbours).flatten(-2)
            state = state + self.dropout(F.gelu(norm(mix(torch.cat([state, around], dim=-1)))))
        return state, texts, slot_texts

    def _seen(self, batch: Batch) -> Tensor:
        picture = 1 - batch.picture.to(torch.float32).unsqueeze(1) / 255
        cells = self.eye(picture).flatten(2).transpose(1, 2)  # [N, cells, C]
        offset = torch.arange(cells.shape[0], device=cells.device).unsqueeze(1) * (CELLS_ON_SIDE * CELLS_ON_SIDE)
        flat = cells.reshape(-1, self.shape.picture)
        return flat[(batch.cells.to(torch.int64) + offset)]


class Asker(Network):
    """The generic part that relates a field's name and type to tokens: → scores [N,F,T,CHANNELS]."""

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.query = nn.Sequential(
            nn.Linear(shape.text + QUERY_FLAGS, shape.query), nn.GELU(), nn.Linear(shape.query, shape.query)
        )
        self.name = nn.Linear(shape.text, shape.text)
        self.state = nn.Linear(shape.hidden, shape.asked)
        self.asked = nn.Linear(shape.query, shape.asked, bias=False)
        self.gate = nn.Linear(shape.query, shape.asked)
        self.match = nn.Linear(SLOTS + 1, shape.asked, bias=False)
        self.answer = nn.Linear(shape.asked, CHANNELS)
        self.dropout = nn.Dropout(dropout)

    def queries(self, names: Tensor, flags: Tensor) -> Tensor:
        """Name vectors [..., text] and flags [..., QUERY_FLAGS] → queries [..., query]."""
        return self.query(torch.cat([names, flags], dim=-1))

    def forward(
        self, state: Tensor, texts: Tensor, slot_texts: Tensor, names: Tensor, queries: Tensor
    ) -> tuple[Tensor, Tensor]:
        """`names` and `queries` are [F,…] or [N,F,…] → scores, and what they were made from [N,F,T,asked]."""
        everything = torch.cat([texts.unsqueeze(2), slot_texts], dim=2)  # [N,T,S+1,text]
        wanted = self.name(names)
        if wanted.dim() == 2:  # noqa: PLR2004 - the same fields for all pages
            wanted, queries = wanted.unsqueeze(0), queries.unsqueeze(0)
        matched = torch.matmul(everything.flatten(1, 2), wanted.transpose(1, 2))  # [N,T*(S+1),F]
        matched = matched.reshape(everything.shape[0], -1, SLOTS + 1, wanted.shape[1]).permute(0, 3, 1, 2)
        base = self.state(state).unsqueeze(1) * (1 + self.gate(queries)).unsqueeze(2)
        inner = self.dropout(F.relu(base + self.asked(queries).unsqueeze(2) + self.match(matched)))
        return self.answer(inner), inner


def field_flags(field: DataField) -> list[float]:
    """Return QUERY_FLAGS numbers that say which type a field has."""
    kinds = [float(field.type is one) for one in TYPES]
    wanted = (field.letters, field.digits, field.whole)
    return kinds + [float(one is level) for one in wanted for level in (Presence.NEVER, Presence.ALWAYS)]


def name_grams(field: DataField) -> list[int]:
    """Return NAME_GRAMS hashed pieces of a field's name, 0-padded, as if its words stood on the page."""
    words = [word for word in field.name.split("_") if word]
    pieces = [piece for word in words for piece in word_grams(word)]
    return (pieces + [0] * NAME_GRAMS)[:NAME_GRAMS]


class Scorer(Network):
    """One trained network of fixed fields."""

    def __init__(self, fields: Sequence[DataField], shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.body, self.asker = Body(shape, dropout), Asker(shape, dropout)
        self.register_buffer("grams", torch.tensor([name_grams(field) for field in fields]).reshape(-1, NAME_GRAMS))
        self.register_buffer("flags", torch.tensor([field_flags(field) for field in fields]).reshape(-1, QUERY_FLAGS))
        count, classes = len(fields), sum(len(field.classes) for field in fields)
        self.own_query = nn.Parameter(torch.zeros(count, shape.query))
        self.own_state = nn.Parameter(torch.zeros(count, CHANNELS, shape.hidden))
        self.own_inner = nn.Parameter(torch.zeros(count, CHANNELS, shape.asked))
        self.own_bias = nn.Parameter(torch.zeros(count, CHANNELS))
        self.classify = nn.Linear(2 * (shape.hidden + shape.text), classes) if classes else None

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return scores [N,F,CHANNELS,T] and class scores [N,C]."""
        state, texts, slot_texts = self.body(batch)
        names = self.body.texts(self.grams)
        queries = self.asker.queries(names, self.flags) + self.own_query
        scores, inner = self.asker(state, texts, slot_texts, names, queries)
        scores = scores.transpose(2, 3) + self.own_bias.unsqueeze(-1)
        scores = scores + torch.matmul(self.own_inner, inner.transpose(2, 3))
        scores = scores + torch.matmul(self.own_state, state.transpose(1, 2).unsqueeze(1))
        return scores, self._classes(state, texts, batch.mask)

    def _classes(self, state: Tensor, texts: Tensor, mask: Tensor) -> Tensor:
        if self.classify is None:
            return mask[:, :0]
        tokens = torch.cat([state, texts], dim=-1)
        present = mask.unsqueeze(-1)
        mean = (tokens * present).sum(1) / present.sum(1).clamp(min=1)
        peak = (tokens * present - 100 * (1 - present)).amax(1).clamp(min=-10)
        return self.classify(torch.cat([mean, peak], dim=-1))


def _at_neighbours(values: Tensor, neighbours: Tensor) -> Tensor:
    """Values [N,T,D] at neighbours [N,T,S] (position + 1; 0 = a zero vector) → [N,T,S,D]."""
    padded = F.pad(values, (0, 0, 1, 0))
    offset = torch.arange(padded.shape[0], device=values.device).reshape(-1, 1, 1) * padded.shape[1]
    return padded.flatten(0, 1)[neighbours.to(torch.int64) + offset]
