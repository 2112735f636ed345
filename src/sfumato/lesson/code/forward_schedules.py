from sfumato.diffusion import SCHEDULES

times = [i / 10 for i in range(1, 10)]
print("logSNR at t =", *(f"{t:6.1f}" for t in times))
for name in ("linear", "cosine", "sigmoid", "flow"):
    schedule = SCHEDULES[name]()
    print(f"{name:13}", *(f"{schedule(t).logsnr:6.2f}" for t in times))

level = SCHEDULES["flow"]()(0.3)
same = SCHEDULES["cosine"]().at(level.logsnr)  # the same ratio on another path: only brighter
for name, one in (("flow", level), ("cosine", same)):
    print(f"{name}: alpha {one.alpha:.2f}, sigma {one.sigma:.2f}, logSNR {one.logsnr:.2f}")
