"""Random input for every place where input comes in from outside; ``make fuzz`` runs it.

``sessions`` are whole LSP sessions, ``framing`` raw bytes, ``trimming`` what models write,
``configuring`` settings, ``answering`` what engines send. Each part makes a case of a
:class:`random.Random`, as plain JSON, and runs it; what it finds is a :class:`fuzz.found.Found`,
made shorter by ``shrink`` and kept under ``cases/``, where a test replays it.
"""
