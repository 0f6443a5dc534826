"""A strict reader of the OpenMetrics 1.0 text format, after its ABNF and the rules for each type."""

import re
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
_ESCAPED = r'(?:[^"\\\n]|\\["\\n])*'
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?[Ii]nf(?:inity)?|[Nn]a[Nn]"
_SAMPLE = re.compile(rf'({_NAME})(?:\{{({_LABEL}="{_ESCAPED}"(?:,{_LABEL}="{_ESCAPED}")*)?\}})? ({_NUMBER})')
_DESCRIPTOR = re.compile(rf"# (TYPE|UNIT|HELP) ({_NAME}) (.*)")
_SUFFIXES = {"gauge": {""}, "counter": {"_total"}, "histogram": {"_bucket", "_count", "_sum"}}

Labels = tuple[tuple[str, str], ...]


@dataclass
class Family:
    """Samples by (suffix, labels)."""

    name: str
    type: str = "unknown"
    unit: str = ""
    help: str = ""
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def __getitem__(self, labels: str) -> float:
        """The one value of e.g. `state=queued`, or of no labels at all."""
        wanted = tuple(tuple(pair.split("=", 1)) for pair in labels.split(",") if pair)
        (value,) = [v for (suffix, has), v in self.samples.items() if has == wanted and suffix in {"", "_total"}]
        return value


def parse(text: str) -> dict[str, Family]:
    """Every family by its name. Raises AssertionError where the text breaks a rule."""
    assert text.endswith("\n# EOF\n")
    assert text.count("# EOF") == 1
    families: dict[str, Family] = {}
    family = Family("")
    for line in text.splitlines()[:-1]:
        if descriptor := _DESCRIPTOR.fullmatch(line):
            kind, name, rest = descriptor.groups()
            if name != family.name:
                assert name not in families, f"{name} is interleaved"
                _check(family)
                family = families[name] = Family(name)
            assert not family.samples, f"{kind} of {name} comes after its samples"
            assert not getattr(family, kind.lower()) or family.type == "unknown", f"{kind} of {name} twice"
            assert re.fullmatch(_ESCAPED, rest), f"{kind} of {name} is not escaped"
            setattr(family, kind.lower(), rest)
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample, line
        name, labels, value = sample.groups()
        suffix = name.removeprefix(family.name)
        assert name.startswith(family.name), line
        assert suffix in _SUFFIXES[family.type], line
        pairs = tuple(re.findall(rf'({_LABEL})="({_ESCAPED})"', labels or ""))
        assert len({key for key, _ in pairs}) == len(pairs), line
        assert (suffix, pairs) not in family.samples, f"{line} is there twice"
        family.samples[suffix, pairs] = float(value)
    _check(family)
    return families


def _check(family: Family) -> None:
    assert not family.unit or family.name.endswith(f"_{family.unit}"), family.name
    assert family.help or not family.name, f"{family.name} has no help"
    if family.type == "counter":
        assert not family.name.endswith("_total"), family.name
        assert all(value >= 0 for value in family.samples.values())
    if family.type == "histogram":
        buckets = [(float(dict(labels)["le"]), n) for (s, labels), n in family.samples.items() if s == "_bucket"]
        assert buckets == sorted(buckets), "buckets count up"
        assert buckets[-1][0] == float("inf")
        assert buckets[-1][1] == family.samples["_count", ()]
        assert ("_sum", ()) in family.samples
    quantiles = [dict(labels).get("quantile") for _, labels in family.samples]
    assert all(q is None or 0 <= float(q) <= 1 for q in quantiles)
