"""From a row of values to samples: all that decides a simulated number, and nothing else.

What turns values into parameters, settings and a seed (`points`), what a model file calls (`model`,
`biophysics`, `extracellular`, `outlines`, `places`, `playback`, `toolkit`, by `dendroflow.model`),
what happens at places (`stimuli`), what creates sections and compiles reactions (`sections`,
`reactions`), and what sets NEURON's globals, advances cells and reads their records (`globals`,
`lanes`). Not here: readers of files, importing of models, processes, tables, features, planning.

`simulation_code` hashes this folder, so an edit here simulates everything anew, unless it changes
only comments, docstrings, layout, or the words of an error or a log message.
"""
