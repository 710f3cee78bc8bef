"""Is this engine better than that one? Metrics, significance, fingerprints, leaks and reports."""

from llm4rec.evaluation.beyond import content
from llm4rec.evaluation.fingerprint import Terms, targets_hash, terms
from llm4rec.evaluation.leaks import Findings, find_leaks
from llm4rec.evaluation.metrics import accuracy
from llm4rec.evaluation.names import DEFAULT, METRICS, RULES, Metric, parse_metric, parse_metrics
from llm4rec.evaluation.once import EngineLike, Plan
from llm4rec.evaluation.places import Places, find_places
from llm4rec.evaluation.ranking import Ranked, Scorer, rank
from llm4rec.evaluation.report import html, markdown, write_report
from llm4rec.evaluation.results import Comparison, Estimate, Evaluation, Result, compared
from llm4rec.evaluation.run import Options, evaluate
from llm4rec.evaluation.samples import Rows, Sample, Whole
from llm4rec.evaluation.significance import bootstrap, holm, interval, p_value
from llm4rec.evaluation.trial import Trial, run_trial

__all__ = [
    "DEFAULT",
    "METRICS",
    "RULES",
    "Comparison",
    "EngineLike",
    "Estimate",
    "Evaluation",
    "Findings",
    "Metric",
    "Options",
    "Places",
    "Plan",
    "Ranked",
    "Result",
    "Rows",
    "Sample",
    "Scorer",
    "Terms",
    "Trial",
    "Whole",
    "accuracy",
    "bootstrap",
    "compared",
    "content",
    "evaluate",
    "find_leaks",
    "find_places",
    "holm",
    "html",
    "interval",
    "markdown",
    "p_value",
    "parse_metric",
    "parse_metrics",
    "rank",
    "run_trial",
    "targets_hash",
    "terms",
    "write_report",
]
