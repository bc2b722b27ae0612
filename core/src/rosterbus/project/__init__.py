"""The project folder: settings and pipelines, read from TOML with errors that name file, line and key."""

from rosterbus.project.arguments import pipeline_from_arguments
from rosterbus.project.documents import Origin
from rosterbus.project.editor_schema import json_schema, pipeline_schema
from rosterbus.project.expectations import METRICS, Expect, Guards, Metric
from rosterbus.project.folder import Notifier, Project, Retention, load_project
from rosterbus.project.mappings import LayoutMap, MappingEntry, Unmatched
from rosterbus.project.pipelines import (
    DeliveryPart,
    Pipeline,
    RulesPart,
    SourcePart,
    load_pipeline,
    pipeline_files,
)
from rosterbus.project.privacy import OptOut, read_optouts
from rosterbus.project.validation import validate_settings

__all__ = [
    "METRICS",
    "DeliveryPart",
    "Expect",
    "Guards",
    "LayoutMap",
    "MappingEntry",
    "Metric",
    "Notifier",
    "OptOut",
    "Origin",
    "Pipeline",
    "Project",
    "Retention",
    "RulesPart",
    "SourcePart",
    "Unmatched",
    "json_schema",
    "load_pipeline",
    "load_project",
    "pipeline_files",
    "pipeline_from_arguments",
    "pipeline_schema",
    "read_optouts",
    "validate_settings",
]
