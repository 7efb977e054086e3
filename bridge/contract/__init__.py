"""A WSDL read into a ``Contract``, and everything that is compiled from one: models, decoder, renderer, served file.

May import ``bridge.core`` and nothing else of the bridge. Must not know payments: no module of this room names an
object type, so that a tenant's own file with forty-five types needs no new code.
"""
