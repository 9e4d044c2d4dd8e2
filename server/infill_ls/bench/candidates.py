"""Which of the installed models are measured. Asks nothing: what there is, is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from infill_ls.bench.measure import Candidate
from infill_ls.engines.embedded import weights
from infill_ls.engines.inventory import EngineModels, InstalledModel
from infill_ls.errors import CannotInsert, InfillError, ModelNotFound
from infill_ls.settings import EngineName


def choose(
    engines: Sequence[EngineModels], names: Sequence[str], most: int
) -> tuple[list[Candidate], list[str]]:
    """Return the models to measure, and the names of those that were left out.

    ``names``: of models that the user wants; if there are none, the first ``most`` that can fill
    are taken, in the order in which "auto" would. Nobody's code is sent to a machine beyond the
    engine's own unless its model is named. Raises :class:`InfillError` if there is none.
    """
    usable = [one for one in engines if one.error is None]
    models = [model for one in usable for model in one.models]
    if names:
        return [_candidate(_named(name, models, engines)) for name in dict.fromkeys(names)], []
    # What is taken by itself comes first, whichever engine has it.
    models.sort(key=lambda model: not model.auto)
    can_fill = [
        model for model in models if model.mode not in (None, "plain") and not model.elsewhere
    ]
    if not can_fill:
        raise _none(engines)
    chosen, left = can_fill[:most], can_fill[most:]
    return [_candidate(model) for model in chosen], [model.name for model in left]


def _candidate(model: InstalledModel) -> Candidate:
    return Candidate(cast(EngineName, model.engine), model.name)


def _named(
    name: str, models: Sequence[InstalledModel], engines: Sequence[EngineModels]
) -> InstalledModel:
    """Return the model of this name. Raises :class:`InfillError` if it can't be measured."""
    own = weights.own(name)
    names = (name, f"{name}:latest", own.name if own else name)
    found = next((model for model in models if model.name in names), None)
    if found is None:
        # An engine that can't be used may have it.
        broken = next((one.error for one in engines if one.error and not one.models), None)
        fix = str(broken) if broken and not models else "Those that there are: infill-ls models"
        raise ModelNotFound(f'No engine here has a model "{name}".', fix)
    if found.mode is None:
        raise CannotInsert(f'"{found.name}" can\'t be measured: {found.why_not}')
    return found


def _none(engines: Sequence[EngineModels]) -> InfillError:
    """Return the error for engines that have no model that can fill in the middle."""
    errors = [one.error for one in engines if one.error is not None]
    said = " ".join(error.message for error in errors)
    if len(errors) < len(engines):
        said = f"None of those that are installed can fill in the middle. {said}"
    # The embedded engine comes last: it is what needs nothing else.
    return InfillError(
        f"There is no model to measure. {said}", errors[-1].fix if errors else "infill-ls pull"
    )
