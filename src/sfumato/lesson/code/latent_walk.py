from sfumato.hub.loading import load_codec
from sfumato.hub.zoo import load_zoo

model, codec = load_zoo("avatars"), load_codec("avatars")
text = "green cactus plant, yellow cylinder pot, happy eyes, smile mouth, purple background"
picture = model.sample([0], prompts=[text], steps=8)  # eight steps in latents, and the decoder once
print("walked in", model.config.shape, "and seen in", tuple(picture.shape[1:]))

latents = codec.encode(picture)
before = codec.decode(latents)
latents[:, 0, 5:9, 6:10] += 2  # sixteen of its numbers
changed = ((codec.decode(latents) - before).abs().mean(1) > 0.02)[0]
rows, columns = changed.any(1).nonzero(), changed.any(0).nonzero()
print(f"{changed.double().mean():.1%} of the pixels changed:", end=" ")
print(f"rows {int(rows[0])} to {int(rows[-1])}, columns {int(columns[0])} to {int(columns[-1])}")
