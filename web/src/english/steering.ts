import type { ChapterText } from '../chapters'

const number = (value: number, digits = 2) => value.toLocaleString('en', { maximumFractionDigits: digits })
const rounded = (value: number) =>
  value < 1e6 ? number(value) : value.toLocaleString('en', { notation: 'compact', compactDisplay: 'long', maximumSignificantDigits: 3 })
const named = (digit: string) => `${digit === '8' ? 'an' : 'a'} ${digit}`
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(milliseconds < 995 ? 2 : 1)} s`

export const labels = {
  view: 'Look at',
  views: { guidance: 'The guidance dial', latent: 'A smaller space' },
  scene: 'The same seeds under rising guidance',
  dial: 'Guidance w',
  weight: (w: number) => `w = ${number(w)}`,
  marked: (w: number) => `▸ w = ${number(w)}`,
  ignored: '0: the wish is ignored',
  most: '8: the wish above all',
  wish: 'The digit you want',
  other: 'The other digit',
  two: 'Two wishes side by side',
  asked: (digit: string) => `asked for ${named(digit)}`,
  meaning: (w: number) => (w === 0 ? 'wish ignored' : w === 1 ? 'plain answer' : w < 1 ? 'wish half heard' : 'pushed'),
  cost: (calls: number, milliseconds: number) => `${calls} calls, ${seconds(milliseconds)}`,
  counting: (w: number, calls: number, total: number) => `w = ${number(w)}: ${calls} of ${total} calls …`,
  wall: (count: number, digit: string, w: number) => `${count} seeds, asked for ${named(digit)}, guidance ${number(w)}.`,
  table: 'What guidance costs',
  columns: { w: 'w', calls: 'Calls', variety: 'Variety' },
  variety: (share: number) => `${(100 * share).toFixed(1)}%`,
  varietyMeans:
    'Variety, measured on these 32 pictures: how far each is from the one most like it, as a share of the way from black to white.',
  described: (wish: string, dial: number, rows: string) =>
    `Eight seeds side by side, a row for each guidance ${rows}, asked for ${named(wish)}. The row of w = ${number(dial)} is marked.`,
  describedTwo: (first: string, second: string, dial: number, rows: string) =>
    `Four seeds asked for ${named(first)} on the left, the same four asked for ${named(second)} on the right, a row for each guidance ${rows}. The row of w = ${number(dial)} is marked.`,
  latent: 'A picture and its latent, to scale',
  side: 'Side of the picture',
  pixels: (side: number) => `${number(side)} pixels`,
  factor: 'The autoencoder makes each side smaller by',
  times: (factor: number) => `${factor}×`,
  channels: 'Numbers at each place of the latent',
  sizes: (side: number, depth: number) => `${number(side)} × ${number(side)} × ${depth}`,
  numbers: (count: number) => `${number(count)} numbers`,
  picture: 'Picture',
  hidden: 'Latent',
  encoder: 'encoder',
  decoder: 'decoder',
  here: 'the walk stays in here',
  fewer: 'Fewer by',
  rows: { numbers: 'Numbers', places: 'Places', pairs: 'Pairs of places, for attention' },
  count: rounded,
  ratio: (ratio: number) => `${number(ratio)}×`,
  toScale: 'Sheets are drawn to scale, one for each number at a place; only the gaps between them are for show.',
  latentDescribed: (side: number, depth: number, ratio: number) =>
    `Three large sheets, the colours of a picture, beside ${depth} small ones of side ${number(side)}, its latent: ${number(ratio)} times fewer numbers.`,
}

export const text: ChapterText = {
  id: 'steering',
  title: 'Steering',
  lead: 'So far the noise decided what came out. Now you say what you want, and how strongly you mean it.',
  minutes: 2,
  sections: [
    {
      heading: 'Say what you want',
      text: [
        'The network gets one thing more beside the noisy picture and its noise level: a [[condition]]. Here it is the digit’s class. The question becomes *what was this before the noise, given that it is a three?* The answers, and so the whole walk, lean towards threes. Switch on “Two wishes side by side”: the noise is the same, the wish alone differs, and often slant and weight of the strokes carry over.',
        'Words work in the same way. A text model turns a sentence into rows of numbers, and the network looks at them by [[attention]] at every call, in place of the one row that stands for a class. Nothing else changes: not the noise, not the walk, not the dial. The little model on this page knows ten wishes and no words; drawing emoji from a sentence comes with the package’s text model.',
      ],
      code: 'steering_prompts.py',
    },
    {
      heading: 'The guidance dial',
      text: [
        'A condition alone is often followed half-heartedly. In training, the class was now and then replaced by the [[null class]], “none”, so that one network gives two answers: with the wish and without. Their difference points to *what the wish changes*, and [[classifier-free guidance]] goes further that way. It costs a second call at every step. The name only says that no separate classifier does the steering, as one did before; it does **not** mean unconditional.',
        'One convention holds on this page and in the package: **w = 0 ignores the wish, w = 1 is the plain conditional answer, more pushes beyond it.** (Some papers and tools call our 1 their 0; look before you copy a number.)',
        'Turn the dial and watch what is lost. The digits grow clearer and more like one another: rare ways of writing a three go first. The table measures it. Push hard, and strokes come out harsher than any that were ever written, because no picture has to agree with a stretched answer. In between lies what most people want, so a guidance of about 3 to 8 is usual for pictures from text.',
      ],
      equations: [
        {
          tex: String.raw`\hat x_0 = D(x, \varnothing) + w\,\bigl(D(x, c) - D(x, \varnothing)\bigr)`,
          says: 'The answer without the wish, plus w times what the wish changes.',
        },
      ],
      code: 'steering_guidance.py',
    },
    {
      heading: 'A smaller space to walk in',
      text: [
        'A picture of 512 × 512 pixels in colour is 786,432 numbers, most of which say little that their neighbours have not said. **Latent diffusion** first trains an [[autoencoder]]: one half squeezes a picture into 64 × 64 places of 4 numbers each, 48 times fewer, and the other half unfolds them again. Then everything in this lesson happens in that [[latent]] space: noise, questions, steps. The decoder runs once, at the end.',
        'The saving is greater than 48. [[attention]] compares every place with every other, so its cost grows with the *square* of the number of places: 64 times fewer places, 4,096 times fewer pairs. The price: what the autoencoder cannot unfold, no walk can put back. Small faces and small print are where that shows.',
      ],
      equations: [
        {
          tex: String.raw`\frac{512^2\cdot 3}{(512/8)^2\cdot 4} = \frac{786{,}432}{16{,}384} = 48`,
          says: 'The factor of 8 counts twice, for height and width; 3 colours become 4 numbers.',
        },
      ],
    },
    {
      heading: 'Image, video and beyond',
      text: [
        'To change a picture, mix in noise only part of the way and walk back from there with a new wish: the more noise, the freer the change. For [[inpainting]], put the known part back at every step, noised to that step’s level, and let the walk fill in the rest.',
        'Video is one more axis: frames are denoised together, and attention runs through time as well as across the picture. Sound, molecules and the movements of a robot are done alike. What changes is the network and what its numbers mean. The walk is the one you have seen.',
      ],
    },
  ],
}
