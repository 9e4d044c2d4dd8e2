"""Fill-in-the-middle code completion with a model that you run yourself.

from infill_ls import complete
complete("def is_even(n):\\n    return ", "\\n")
"""

__version__ = "0.1.0"
__all__ = ["__version__", "complete"]


def complete(prefix: str, suffix: str = "", model: str = "auto") -> str:
    """The fill for the hole between ``prefix`` and ``suffix``; empty when there is none.

    ``model`` is the engine's name of a model, or ``"auto"`` for the best that is installed.
    The engine comes from the user's settings and stays open until the program ends, so that
    a second call finds it loaded and its prompt cache warm.

    Raises :class:`infill_ls.errors.InfillError`, whose text says what to do.
    """
    # The language server imports this package too and must not pay for the pipeline at start.
    from infill_ls.api import SharedEngines

    return SharedEngines.shared().complete(prefix, suffix, model)
