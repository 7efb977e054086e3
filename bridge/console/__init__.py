"""The operator's web pages at ``/console/``, server-rendered, on the admin listener.

Everything they show and do goes through ``admin.Api.ask``, so that a page can tell and change only what the API tells
and changes for the same person. Must not bypass the admin API.
"""

from bridge.console.serving import Console

__all__ = ["Console"]
