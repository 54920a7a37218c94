"""The engine `awx` of `script` steps: launches a template of AWX, follows what was launched, brings its result home.

``engine.py`` carries out one step, ``launching.py`` sees to it that a template is launched once, ``following.py`` waits
for the end and passes a cancel on, ``results.py`` reads what came of it, and ``controller.py`` speaks the API (version
2, as AWX's own pages below ``/api/v2/`` document it, and as ``awx/api`` of its source has it).
"""
