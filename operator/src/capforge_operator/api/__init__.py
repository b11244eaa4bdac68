"""The resources as people write them: pydantic models that the CRDs are generated from and objects are parsed with."""
