"""The exercise, solved."""


def add_noise(x0, eps, alpha, sigma):
    return alpha * x0 + sigma * eps


def euler(x, x0_hat, alpha, sigma, next_alpha, next_sigma):
    eps_hat = (x - alpha * x0_hat) / sigma
    return next_alpha * x0_hat + next_sigma * eps_hat


def guided(conditional, unconditional, weight):
    return unconditional + weight * (conditional - unconditional)
