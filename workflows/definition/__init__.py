"""Text to plan: the compiler of definitions.

Pure: it opens no file and no socket, and knows nothing of the interpreter. It runs in the ``prepare`` activity and in
`netsaga check`, never in workflow code. `compiler.py` reads as its passes.
"""
