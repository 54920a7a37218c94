"""The engine `ansible` of `script` steps: `ansible-playbook` as a program, with what goes in and what comes out.

``engine.py`` carries out one step, ``running.py`` runs the program once, ``private.py`` keeps its files to itself,
``hosts.py`` writes the run's devices as an inventory, ``report.py`` judges what was reported, and ``callback/`` holds
what Ansible itself loads. Nothing here imports Ansible: it is a program of its own, of any release from ansible-core
2.16 on.
"""
