"""The appraisal of morphologies: how fit a reconstruction is for simulation, and for which."""
