"""Makes the CRDs and their reference pages from the operator's API models, and checks CRDs against our API rules."""
