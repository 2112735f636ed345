"""Attention by its parts, as networks take it where it is faster, is attention."""

import math

import pytest
import torch
import torch.nn.functional as F

from sfumato.nets.layers import attend


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (16, 16), (16, 41)])
def test_in_training_in_bf16_answer_and_gradients_are_those_of_the_kernel_in_full_precision(
    queries: int, keys: int, masked: bool
) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = (3, 2, queries, 32), (3, 2, keys, 32), (3, 2, keys, 32)
    exact = [torch.randn(shape, generator=generator).bfloat16().float().requires_grad_() for shape in shapes]
    short = [one.detach().bfloat16().requires_grad_() for one in exact]
    mask = torch.rand(3, 1, 1, keys, generator=generator) < 0.5 if masked else None
    if mask is not None:
        mask[..., 0] = True  # there is always a token that says "no prompt"
    kernel = F.scaled_dot_product_attention(exact[0], exact[1], exact[2], attn_mask=mask)
    parts = attend(short[0], short[1], short[2], mask)
    weight = torch.randn(kernel.shape, generator=generator)
    kernel.backward(weight)
    parts.backward(weight.bfloat16())
    assert parts.dtype is torch.bfloat16
    torch.testing.assert_close(parts.float(), kernel, rtol=0.02, atol=0.02)
    for one, other in zip(short, exact, strict=True):
        assert one.grad is not None and other.grad is not None
        torch.testing.assert_close(one.grad.float(), other.grad, rtol=0.05, atol=0.05 * math.sqrt(queries / keys + 1))


def test_without_a_gradient_it_is_the_kernel_bit_for_bit() -> None:
    query, key, value = torch.randn(3, 2, 2, 9, 16).bfloat16()
    assert torch.equal(attend(query, key, value), F.scaled_dot_product_attention(query, key, value))
