"""The clips in docs/video.md, from words: `python docs/images/moving.py`."""

from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont

import sfumato
from sfumato.data import picture

PROMPTS = (
    "green tulip plant, light blue bowl pot, happy eyes, smile mouth, hops",
    "green seedling plant, yellow round pot, dots eyes, sways",
    "green cactus plant, light red cylinder pot, round eyes, spins",
    "green sprout plant, light purple taper pot, sleepy eyes, smile mouth, talks",
)
GAP, LINE, SECOND = 14, 15, 8  # pixels; frames

font = ImageFont.load_default(12)
clips = sfumato.load("moving-avatars").sample(range(len(PROMPTS)), prompts=PROMPTS)
side, lines, frames = clips.shape[-1], [wrap(prompt, 20) for prompt in PROMPTS], []
for moment in clips.unbind(1):
    sheet = Image.new("RGB", (len(PROMPTS) * (side + GAP) - GAP, side + 6 + max(map(len, lines)) * LINE), "white")
    draw = ImageDraw.Draw(sheet)
    for number, words in enumerate(lines):
        x = number * (side + GAP)
        sheet.paste(picture(moment[number : number + 1], columns=1, scale=1, gap=0), (x, 0))
        for row, line in enumerate(words):
            draw.text((x + side / 2, side + 6 + row * LINE), line, (60, 64, 70), font, anchor="ma")
    frames.append(sheet)
options = {"duration": 1000 // SECOND, "loop": 0, "quality": 70, "method": 6}
frames[0].save(Path(__file__).with_name("moving.webp"), save_all=True, append_images=frames[1:], **options)
