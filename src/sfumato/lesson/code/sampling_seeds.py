import sfumato

model = sfumato.load("digits")
alone = model.sample(seeds=[7], labels=[3])
among = model.sample(seeds=range(12), labels=[3] * 12)
print("seed 7 alone and among twelve differ by", f"{(among[7] - alone[0]).abs().max():.0e}")
ddpm = model.sample(seeds=[7], labels=[3], sampler="ddpm", steps=10)
print("ddpm from the same seed differs by     ", f"{(ddpm[0] - alone[0]).abs().max():.1f}")
for row in alone[0, 0]:
    print("".join(" .:-=+*#%@"[int((v.clamp(-1, 1) + 1) * 4.9)] * 2 for v in row))
