"""Zuora's SOAP face: reading liberally, answering byte for byte in Zuora's shape. Must not hold a business rule."""
