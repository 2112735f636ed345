import sfumato

model = sfumato.load("emoji")
words = "blue circle"
print(words, "→ the tokens", [int(token) for token in model.tokens([words])[0] if token])
for w in (0.0, 1.0, 3.0):  # one noise; no drawing of this name was trained on
    drawn = model.sample([0], prompts=[words], guidance=w)[0]
    red, green, blue = ((drawn[:, 8:24, 8:24].mean((1, 2)) + 1) * 127.5).clamp(0, 255).int().tolist()
    print(f"w = {w:g}   its middle is rgb({red}, {green}, {blue})")
