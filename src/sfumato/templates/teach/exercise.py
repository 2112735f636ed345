"""Three functions make a sampler. Fill them in, and run: python check.py exercise.py

x is a batch of noisy pictures, x0 of clean ones, eps of noise; alpha and sigma are numbers.
"""


def add_noise(x0, eps, alpha, sigma):
    """Task 1: the noisy picture x at the level (alpha, sigma)."""
    raise NotImplementedError


def euler(x, x0_hat, alpha, sigma, next_alpha, next_sigma):
    """Task 2: x a step further, at the next level, if x0_hat is the clean picture that it is on its way to.

    What noise is in x, if x0_hat is right? Mix x0_hat with that same noise, for the next level.
    """
    raise NotImplementedError


def guided(conditional, unconditional, weight):
    """Task 3: the answer under guidance, from the answers with and without the class.

    At weight 0 it is the one without, at weight 1 the one with, and beyond 1 it goes on in the same direction.
    """
    raise NotImplementedError
