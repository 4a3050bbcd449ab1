"""Quality control of morphologies: what checks find, and which uses a reconstruction suits."""
