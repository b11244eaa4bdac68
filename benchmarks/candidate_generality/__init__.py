"""Candidates on kinds of documents that nothing here was made for: bills, payslips, cards, contracts, forms."""
