"""The README's picture of what words become: `python docs/images/emoji.py`. None of the prompts was trained on."""

from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont

import sfumato
from sfumato.data import picture

PROMPTS = (
    "purple heart", "orange heart", "blue circle", "red square", "crossed fingers, light skin tone",
    "woman mechanic, medium-dark skin tone", "man raising hand, medium skin tone", "guard, dark skin tone",
)  # fmt: skip
SCALE, GAP, LINE = 4, 14, 15  # pixels

font = ImageFont.load_default(12)
drawn = sfumato.load("emoji").sample(range(len(PROMPTS)), prompts=PROMPTS)
side = SCALE * drawn.shape[-1]
sheet = Image.new("RGB", (len(PROMPTS) * (side + GAP) - GAP, side + 6 + 3 * LINE), "white")
draw = ImageDraw.Draw(sheet)
for number, prompt in enumerate(PROMPTS):
    x = number * (side + GAP)
    sheet.paste(picture(drawn[number : number + 1], None, columns=1, scale=SCALE, gap=0), (x, 0))
    for row, words in enumerate(wrap(prompt, 18)):
        draw.text((x + side / 2, side + 6 + row * LINE), words, (60, 64, 70), font, anchor="ma")
sheet.quantize(128).save(Path(__file__).with_suffix(".png"), optimize=True)
