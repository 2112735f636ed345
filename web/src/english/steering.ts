import type { ChapterText } from '../chapters/text'

const number = (value: number, digits = 2) => value.toLocaleString('en', { maximumFractionDigits: digits })
const rounded = (value: number) =>
  value < 1e6 ? number(value) : value.toLocaleString('en', { notation: 'compact', compactDisplay: 'long', maximumSignificantDigits: 3 })
const named = (digit: string) => `${digit === '8' ? 'an' : 'a'} ${digit}`
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(milliseconds < 995 ? 2 : 1)} s`

export const labels = {
  view: 'Look at',
  views: { guidance: 'The guidance dial', words: 'Words', brush: 'A brush', latent: 'A smaller space' },
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
    'Variety, measured on these 16 pictures: how far each is from the one most like it, as a share of the way from black to white.',
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

/** A prompt's field, and how the model reads it. */
export const prompt = {
  empty: 'No words: the model draws whatever it likes, whichever way the dial stands.',
  whole: 'The model knows each of these words.',
  parts: (words: string[]) => `Hardly ever read in training, so spelt from pieces: ${words.join(', ')}.`,
  unknown: (words: string[]) => `Never seen, and passed over: ${words.join(', ')}.`,
  unread: (words: string[]) => `Too far back to be read: ${words.join(' ')}.`,
  examples: (seen: boolean) => (seen ? 'Trained on:' : 'Never trained on:'),
}

/** The view in which words become emoji. */
export const wordly = {
  say: 'Draw an emoji of',
  most: '6: the words above all',
  counting: (w: number, calls: number) => `w = ${number(w)}: call ${calls} …`,
  picture: (text: string, w: number, seed: number) => `“${text}” drawn with guidance ${number(w)} from seed ${seed}`,
  film: (w: number) => `The walk at w = ${number(w)}`,
  seen: (step: number) => (step ? `The picture after ${number(step)} step${step === 1 ? '' : 's'}` : 'The noise that it begins with'),
  guessed: (step: number) => `The guess that led to step ${step}`,
  filmMeans: 'Above, the noisy picture as it walks; below, what the model took it for at that moment, words and guidance included.',
  credit: 'The model learnt from the drawings of OpenMoji (openmoji.org), CC BY-SA 4.0.',
}

/** The view in which a part of an emoji is drawn anew. */
export const brush = {
  first: 'The emoji to change',
  into: 'What you paint over becomes part of',
  paint: 'Paint over what should change',
  result: 'Drawn anew',
  pad: 'The emoji, to paint on',
  keys: 'Also by keys: arrows move the brush, the space bar paints, Shift with an arrow paints a line.',
  under: (column: number, row: number, painted: boolean) => `Column ${column}, row ${row}, ${painted ? 'painted' : 'not painted'}`,
  described: (from: string, into: string, area: number) => `“${from}”, of which ${number(area)} pixels were drawn anew as “${into}”`,
  base: (calls: number) => `The emoji: call ${calls} …`,
  filling: (calls: number) => `What is painted: call ${calls} …`,
  kept: (outside: number, equal: number) =>
    outside === equal
      ? `${number(outside)} pixels kept, every one equal in every bit.`
      : `${number(equal)} of ${number(outside)} kept pixels are equal in every bit.`,
  size: 'Its size',
  sizes: [['3', 'fine'], ['5', 'middle'], ['9', 'broad']] as const,
  tool: 'The brush',
  tools: [['0', 'paints'], ['1', 'wipes off']] as const,
  undo: 'Undo',
  clear: 'Clear',
}

export const text: ChapterText = {
  id: 'steering',
  title: 'Steering',
  lead: 'So far the noise decided what came out. Now you say what you want, and how strongly you mean it.',
  minutes: 3,
  sections: [
    {
      heading: 'Say what you want',
      text: [
        'The network gets one thing more beside the noisy picture and its noise level: a [[condition]]. Here it is the digit’s class. The question becomes *what was this before the noise, given that it is a three?* The answers, and so the whole walk, lean towards threes. Switch on “Two wishes side by side”: the noise is the same, the wish alone differs, and often slant and weight of the strokes carry over.',
      ],
      code: 'steering_prompts.py',
    },
    {
      heading: 'Say it in words',
      text: [
        'Ten classes are ten wishes. A [[prompt]] says more, because words combine. Look at “Words”: a second model, of four million weights, draws emoji of 32 × 32 pixels from what you type. The text is cut into [[token|tokens]], whole words where they are common and pieces where they are rare. A small text network turns these into rows of numbers, and at every call the network looks at them by [[attention]], each place of the picture at the words that matter to it. Nothing else changes: not the noise, not the walk, not the dial.',
        'Some of the examples were **never trained on**: the model has seen purple things and hearts, but no purple heart. If it draws one, it has not looked it up; it has put two words together. Whether it does depends on how many pictures it learnt from, and 3,860 are few. Large models have read hundreds of millions of captions.',
        'And no words? That is a condition too. In training, one caption in ten was left out, so that an empty prompt means “anything”. This is the answer that guidance pushes away from.',
      ],
      code: 'steering_words.py',
    },
    {
      heading: 'The guidance dial',
      text: [
        'A condition alone is often followed half-heartedly. In training, the class was now and then replaced by the [[null class]], “none”, so that one network gives two answers: with the wish and without. Their difference points to *what the wish changes*, and [[classifier-free guidance]] goes further that way. It costs a second call at every step. The name only says that no separate classifier does the steering, as one did before; it does **not** mean unconditional.',
        'One convention holds on this page and in the package: **w = 0 ignores the wish, w = 1 is the plain conditional answer, more pushes beyond it.** (Some papers and tools call our 1 their 0; look before you copy a number.)',
        '[Turn the dial](steering.view=guidance&steering.w=5) and watch what is lost. The digits grow clearer and more like one another: rare ways of writing a three go first. The table measures it. Push hard, and strokes come out harsher than any that were ever written, because no picture has to agree with a stretched answer. In between lies what most people want, so a guidance of about 3 to 8 is usual for pictures from text.',
        'With words you can watch it on one picture. [“Words”](steering.view=words) draws three from the same noise: with your words ignored, plainly answered, and pushed. The three begin alike, and part where the words begin to count.',
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
      heading: 'Draw anew what is painted over',
      text: [
        'For [[inpainting]], no new model is needed and no training. [Look at “A brush”](steering.view=brush): the walk begins at pure noise, everywhere. But whenever the model gives its guess of the clean picture, the guess is overruled where the truth is known. There the picture walks straight to what it was. The painted part has to guess, and since it sees the known part beside it at every noise level, it guesses what fits: an outline goes on, a colour is taken up.',
        'What was not painted comes back **equal in every bit**; below the picture it is counted. The words are heard in the painted part alone, so ask for what the *whole* picture should be: the model thinks of it as one.',
      ],
      equations: [
        {
          tex: String.raw`\hat x_0 = m \odot D(x, c) + (1 - m) \odot x_{\text{known}}`,
          says: 'Pixel by pixel: the model’s guess where the mask m is 1, what is known where it is 0.',
        },
      ],
      code: 'steering_inpaint.py',
    },
    {
      heading: 'Image, video and beyond',
      text: [
        'To change a picture, mix in noise only part of the way and walk back from there with a new wish: the more noise, the freer the change.',
        'Video is one more axis: frames are denoised together, and attention runs through time as well as across the picture. Sound, molecules and the movements of a robot are done alike. What changes is the network and what its numbers mean. The walk is the one you have seen.',
      ],
    },
  ],
}
