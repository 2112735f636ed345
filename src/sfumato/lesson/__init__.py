"""The lesson: what its pages show, computed by the package itself, and the pages served."""
