"""Zuora's REST face: v1 operations, Object Query and their errors. Must not hold a business rule."""
