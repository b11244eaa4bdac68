"""From words to typed values: amounts, dates, e-mail addresses, web addresses, phone numbers.

spans = spans_of(page.words)      # words in reading order, with line numbers

What is not found here can never be an answer, so finders take what may be a value and leave the choice to the model.
They know how numbers, dates and addresses are written in the world, and no kind of document.
"""

from capforge_candidates.values.spans import VALUES_VERSION, spans_of

__all__ = ["VALUES_VERSION", "spans_of"]
