"""Finding, loading and asking plugins: the only place that knows they come from somebody else.

A plugin is a module that an entry point of a group such as ``rosterbus.v1.destinations`` names; within a run
it is called ``kind:name`` ("destination:handshake"). What is installed is listed without importing any of it.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import importlib.util
import re
import traceback
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pluggy

from rosterbus.cards import CARD, KINDS, ConnectorCard, read_card
from rosterbus.errors import ConfigError, PluginError, RosterbusError
from rosterbus.gate import Gate, current_gate
from rosterbus.hookspecs import API_VERSION, PROJECT, Hooks
from rosterbus.sourced import import_from_source

_GROUP = re.compile(rf"{PROJECT}\.v(?P<api>\d+)\.(?P<kind>\w+)s")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True)
class Installed:
    """One entry point of an installed distribution; where it cannot be used, `problem` says why.

    `refused` is true where the project's lock does not let it in, so that it is nobody's rival either.
    """

    kind: str
    name: str
    distribution: str
    version: str
    module: str
    card: ConnectorCard | None
    problem: str | None
    refused: bool = False

    @property
    def plugin(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def origin(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True)
class LoadedPlugin:
    """An imported, checked plugin. `module` has its hooks and, for a connector, `Settings` and `layouts`."""

    module: Any
    name: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})"


def installed() -> list[Installed]:
    """Everything that is installed, sorted by kind and name, without importing any of it."""
    points, gate = importlib.metadata.entry_points(), current_gate()
    groups = [group for group in points.groups if group.startswith(f"{PROJECT}.")]
    found = [_describe(group, point, gate) for group in groups for point in points.select(group=group)]
    found.sort(key=lambda one: (one.kind, one.name, one.problem is not None, one.origin))
    return _refuse_rivals(found)


def examine() -> list[Installed]:
    """The same as `installed`, after importing each on its own: one broken plugin hides no other."""
    return [replace(one, problem=_trouble(one)) for one in installed()]


def load(kind: str, name: str) -> LoadedPlugin:
    """Import one plugin and check its hooks; raises PluginError with what is wrong and what to do."""
    return _load(_find(kind, name, installed()))


class Plugins:
    """Exactly the plugins of one run: those named, and those that the core brings itself.

    `named` are pairs of kind and name; `core` are plugins that need no entry point, by their full name
    ("transport:file"). The order in which all are asked is `core` and then `named`, each as given.
    """

    def __init__(
        self, named: Iterable[tuple[str, str]] = (), *, core: Mapping[str, object] | None = None
    ) -> None:
        self._manager = _manager()
        self._plugins: dict[str, LoadedPlugin] = {}
        for name, plugin in (core or {}).items():
            self._add(LoadedPlugin(plugin, name, PROJECT, _core_version()))
        available = installed()
        for kind, name in dict.fromkeys(named):
            self._add(_load(_find(kind, name, available)))

    def __getitem__(self, plugin: str) -> LoadedPlugin:
        return self._plugins[plugin]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._plugins)

    def implements(self, plugin: str, hook: str) -> bool:
        """Whether this plugin answers this hook."""
        return any(one.plugin_name == plugin for one in getattr(self._manager.hook, hook).get_hookimpls())

    def call(self, plugin: str, hook: str, /, *, step: str, **arguments: Any) -> Any:
        """Ask one plugin and nobody else; `step` says in an error what was going on ("sending").

        A RosterbusError passes as it is; anything else that the plugin raises becomes a PluginError.
        """
        asked = self[plugin]
        if not self.implements(plugin, hook):
            raise PluginError(
                f"{asked} was asked for its `{hook}` while {step}, and has none; ask its maintainers for it"
            )
        others = [one.module for name, one in self._plugins.items() if name != plugin]
        caller = self._manager.subset_hook_caller(hook, others)
        folder = Path(caller.get_hookimpls()[0].function.__code__.co_filename).parent
        try:
            answers = caller(**arguments)
        except RosterbusError:
            raise
        except (Exception, SystemExit) as error:
            # The text of a foreign exception may quote a cell, so only its type and place are told.
            what = f"{type(error).__name__} in `{hook}`{_place(error, folder)}"
            raise PluginError(f"{asked} failed while {step}: {what}; report it to its maintainers") from error
        return answers[0] if answers else None

    def ask_all(self, hook: str, /, *, step: str, **arguments: Any) -> list[tuple[str, Any]]:
        """Ask every plugin that answers this hook: pairs of plugin and answer, in the order of the run."""
        asked = [plugin for plugin in self._plugins if self.implements(plugin, hook)]
        return [(plugin, self.call(plugin, hook, step=step, **arguments)) for plugin in asked]

    def _add(self, plugin: LoadedPlugin) -> None:
        _register(self._manager, plugin)
        self._plugins[plugin.name] = plugin


def _describe(group: str, point: importlib.metadata.EntryPoint, gate: Gate | None) -> Installed:
    shape = _GROUP.fullmatch(group)
    kind = shape["kind"] if shape else group
    distribution, version = _named(point.dist)
    card, problem = None, None
    try:
        _check_group(group, shape)
        card = _card(point.value, kind)
    except ConfigError as error:
        problem = str(error)
    refused = gate.refusal(distribution, version) if gate else None
    return Installed(
        kind, point.name, distribution, version, point.value, card, refused or problem, bool(refused)
    )


def _named(distribution: importlib.metadata.Distribution | None) -> tuple[str, str]:
    """Name and version; what an interrupted uninstallation left has neither."""
    if distribution is None:
        return "?", "?"
    told = distribution.metadata  # read once, since each reading parses it anew
    names = set(told)
    return told["Name"] if "Name" in names else "?", told["Version"] if "Version" in names else "?"


def _check_group(group: str, shape: re.Match[str] | None) -> None:
    if shape is None or shape["kind"] not in KINDS:
        known = (f"{PROJECT}.v{API_VERSION}.{kind}s" for kind in KINDS)
        raise ConfigError("the entry-point group is unknown", found=f"`{group}`", allowed=known)
    if int(shape["api"]) != API_VERSION:
        raise ConfigError(f"needs connector API {shape['api']}, this core speaks {API_VERSION}")


def _card(module: str, kind: str) -> ConnectorCard:
    if not _MODULE.fullmatch(module):
        raise ConfigError(
            "the entry point names no module", found=f"`{module}`", allowed="a module such as `rosterbus_x`"
        )
    package = module.partition(".")[0]
    folder = _folder(package)
    if folder is None:
        raise ConfigError(f"the package `{package}` is not there; install the distribution again")
    if not (folder / CARD).is_file():
        raise ConfigError(f"the package `{package}` has no {CARD}; its maintainers must add one")
    card = read_card(folder / CARD)
    if kind not in card.kind:
        raise ConfigError(
            "the card is of another kind",
            file=folder / CARD,
            key="kind",
            found=", ".join(card.kind),
            allowed=kind,
        )
    return card


def _folder(package: str) -> Path | None:
    """Where a top-level package lies, editable installs too, without importing it."""
    try:
        spec = importlib.util.find_spec(package)
    except ValueError:  # what runs already and was never found, such as `__main__`
        return None
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def _refuse_rivals(found: Sequence[Installed]) -> list[Installed]:
    claims: dict[str, dict[str, None]] = defaultdict(dict)
    for one in found:
        if not one.refused:
            claims[one.plugin][one.origin] = None
    return [
        one
        if one.refused
        else replace(one, problem=_rivalry(one.plugin, list(claims[one.plugin])) or one.problem)
        for one in found
    ]


def _rivalry(plugin: str, origins: Sequence[str]) -> str | None:
    if len(origins) == 1:
        return None
    return f"{' and '.join(origins)} all claim to be {plugin}; uninstall all but one"


def _find(kind: str, name: str, available: Sequence[Installed]) -> Installed:
    for one in available:
        if (one.kind, one.name) == (kind, name):
            return one
    there = [one.name for one in available if one.kind == kind]
    elsewhere = [one.kind for one in available if one.name == name]
    message = f"there is no {kind} `{name}`"
    message += f" (`{name}` is a {elsewhere[0]})" if elsewhere else ""
    message += f"; installed: {', '.join(there) or 'none'}"
    near = difflib.get_close_matches(name, there, n=1)
    message += f"; did you mean `{near[0]}`?" if near else f"; `pip install {PROJECT}-{name}`?"
    raise PluginError(message)


def _load(one: Installed) -> LoadedPlugin:
    if one.problem:
        raise PluginError(f"{one.plugin} ({one.origin}) cannot be used: {one.problem}")
    folder = _folder(one.module.partition(".")[0])
    if (gate := current_gate()) and folder:
        if wrong := gate.examine(one.distribution, one.version, folder):
            raise PluginError(f"{one.plugin} ({one.origin}) cannot be used: {wrong}")
        if gate.binds(one.distribution):
            import_from_source(folder.name)
    try:
        module = importlib.import_module(one.module)
    except (Exception, SystemExit) as error:
        place = _place(error, folder)
        what = f"{type(error).__name__}: {' '.join(str(error).split())}{place}"
        raise PluginError(f"{one.plugin} ({one.origin}) cannot be imported: {what}") from error
    loaded = LoadedPlugin(module, one.plugin, one.distribution, one.version)
    _register(_manager(), loaded)
    return loaded


def _trouble(one: Installed) -> str | None:
    try:
        _load(one)
    except PluginError as error:
        return one.problem or str(error).removeprefix(f"{one.plugin} ({one.origin}) ")
    return None


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    return manager


def _register(manager: pluggy.PluginManager, plugin: LoadedPlugin) -> None:
    try:
        manager.register(plugin.module, plugin.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        known = [name for name in vars(Hooks) if not name.startswith("_")]
        callers = manager.get_hookcallers(plugin.module) or []
        unknown = [caller.name for caller in callers if not caller.has_spec()]
        raise PluginError(f"{plugin} is refused: {_refusal(error, unknown, known)}") from error
    except ValueError as error:
        raise PluginError(f"{plugin} is refused: each entry point names a module of its own") from error


def _refusal(error: Exception, unknown: Sequence[str], known: Sequence[str]) -> str:
    if not unknown:
        return "; ".join(str(error).splitlines()[1:])
    near = difflib.get_close_matches(unknown[0], known, n=1)
    advice = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known)}"
    return f"it has the hook `{unknown[0]}`, which does not exist; {advice}"


def _place(error: BaseException, folder: Path | None) -> str:
    """Where in the plugin's own folder an exception came from, else the innermost line."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" at {Path(error.filename).name}:{error.lineno}"
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")
    ]
    own = [frame for frame in frames if folder and folder in Path(frame.filename).parents]
    if not frames:
        return ""
    frame = (own or frames)[-1]
    return f" at {Path(frame.filename).parent.name}/{Path(frame.filename).name}:{frame.lineno}"


def _core_version() -> str:
    try:
        return importlib.metadata.version(PROJECT)
    except importlib.metadata.PackageNotFoundError:
        return "run from its source"
