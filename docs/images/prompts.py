"""The README's pictures of what words become: `python docs/images/prompts.py`. The emoji's weren't trained on."""

from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont

import sfumato
from sfumato.data import picture

SHEETS = {
    "emoji": (
        4,  # times its size
        "purple heart", "orange heart", "blue circle", "red square", "crossed fingers, light skin tone",
        "woman mechanic, medium-dark skin tone", "man raising hand, medium skin tone", "guard, dark skin tone",
    ),
    "avatars": (
        1,
        "green cactus plant, yellow bowl pot, happy eyes, smile mouth",
        "green palm plant, light blue cylinder pot, angry eyes",
        "turquoise succulent plant, green rim pot, sleepy eyes, open mouth",
        "green seedling plant, white round pot, dots eyes, blush cheeks",
        "green tulip plant, light purple taper pot, wink eyes, tongue mouth",
        "green ball plant, light orange tub pot, round eyes, dots pattern",
        "green sprout plant, turquoise bag pot, closed line eyes, red background",
        "green tall plant, light red bowl pot, sideeye eyes, stripes pattern",
    ),
}  # fmt: skip
GAP, LINE = 14, 15  # pixels

font = ImageFont.load_default(12)
for name, (scale, *prompts) in SHEETS.items():
    drawn = sfumato.load(name).sample(range(len(prompts)), prompts=prompts)
    side, lines = scale * drawn.shape[-1], [wrap(prompt, 20) for prompt in prompts]
    sheet = Image.new("RGB", (len(prompts) * (side + GAP) - GAP, side + 6 + max(map(len, lines)) * LINE), "white")
    draw = ImageDraw.Draw(sheet)
    for number, words in enumerate(lines):
        x = number * (side + GAP)
        sheet.paste(picture(drawn[number : number + 1], None, columns=1, scale=scale, gap=0), (x, 0))
        for row, line in enumerate(words):
            draw.text((x + side / 2, side + 6 + row * LINE), line, (60, 64, 70), font, anchor="ma")
    sheet.quantize(128).save(Path(__file__).with_name(f"{name}.png"), optimize=True)
