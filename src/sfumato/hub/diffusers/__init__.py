"""Folders of the library diffusers, in and out: a pipeline that others trained becomes a Model, and ours a pipeline."""
