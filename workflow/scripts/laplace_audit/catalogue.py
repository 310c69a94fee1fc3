from collections import defaultdict
from types import SimpleNamespace
LAWS = defaultdict(lambda: SimpleNamespace(means="m"))
