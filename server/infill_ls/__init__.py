"""Fill-in-the-middle code completion with a model that you run yourself.

from infill_ls import complete
complete("def is_even(n):\\n    return ", "\\n")
"""

__version__ = "0.1.0"
__all__ = ["__version__", "complete"]


def complete(prefix: str, suffix: str = "", model: str = "auto") -> str:
    """Return the text for the hole between ``prefix`` and ``suffix``, or "" if there is none.

    Nothing is asked where a key or a token stands in the cursor's line; elsewhere such lines are
    left out of what the engine reads.

    ``model``: the engine's name of a model, or "auto" for the best that is installed. The user's
    settings say which engine is asked. It stays open until the program ends, so that the next call
    finds the model loaded and the prompt in the engine's cache.

    Raises :class:`infill_ls.errors.InfillError`, whose text says what to do.
    """
    # Not at the head: the language server imports this package too, and starts without it.
    from infill_ls.api import SharedEngines

    return SharedEngines.shared().complete(prefix, suffix, model)
