"""The desk's one SQLite file: what was asked, what happened, and the chain that proves it."""

import sys
from importlib import import_module

# sqlite-utils imports pandas and numpy wherever they are installed, which they are beside Streamlit: 70 MB and half a
# second in every command and in the worker, for conversions that nothing here asks for (measured). So it does not
# find them while it is imported; whoever needs them later does.
_HIDDEN = [name for name in ("numpy", "pandas") if name not in sys.modules]
for _name in _HIDDEN:
    sys.modules[_name] = None  # type: ignore[assignment] # what `import` documents for "not to be found"
try:
    import_module("sqlite_utils")
finally:
    for _name in _HIDDEN:
        del sys.modules[_name]
