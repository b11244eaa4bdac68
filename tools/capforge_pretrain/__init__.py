"""The shipped generic weights of the candidate scorer: documents that we make ourselves, and the training on them.

No real document, merchant or label of any data set is in here: words come from Faker, from lists of everyday label
words in several languages, and from random syllables.
"""
