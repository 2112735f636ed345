import type { ChapterText } from '../chapters/text'
import { written } from '../written'

const number = (value: number, digits = 2) => written(value, 0, digits)
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
  ignored: '0: ignored',
  most: '8: above all',
  wish: 'The digit you want',
  other: 'The other digit',
  two: 'Two digits side by side',
  asked: (digit: string) => `asked for ${named(digit)}`,
  meaning: (w: number) => (w === 0 ? 'ignored' : w === 1 ? 'plain' : w < 1 ? 'in part' : 'pushed'),
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
  empty: 'No words: the model draws whatever it likes, wherever the dial stands.',
  whole: 'The model knows each of these words.',
  parts: (words: string[]) => `Rare in training, so put together from pieces: ${words.join(', ')}.`,
  unknown: (words: string[]) => `Never seen, and passed over: ${words.join(', ')}.`,
  unread: (words: string[]) => `Beyond what it reads: ${words.join(' ')}.`,
  examples: (seen: boolean) => (seen ? 'Trained on:' : 'Never trained on:'),
}

/** The view in which words become emoji. */
export const wordly = {
  say: 'Draw an emoji of',
  most: '6: above all',
  counting: (w: number, calls: number) => `w = ${number(w)}: call ${calls} …`,
  picture: (text: string, w: number, seed: number) => `“${text}” drawn with guidance ${number(w)} from seed ${seed}`,
  film: 'The three walks, from the same noise',
  seen: (w: number, step: number) => (step ? `w = ${number(w)}: the picture after ${number(step)} step${step === 1 ? '' : 's'}` : `w = ${number(w)}: the noise that it begins with`),
  guesses: (w: number) => `Guesses at w = ${number(w)}`,
  guessed: (step: number) => `The guess that led to step ${step}`,
  filmMeans: 'The last row is the guess that led to each picture of the marked walk, words and guidance included.',
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

/** The view in which a picture is squeezed into its latent, and in which latents are drawn. */
export const space = {
  show: 'Show',
  parts: { squeeze: 'Squeeze a picture', draw: 'Draw at 128 pixels', scale: 'To scale' },
  choose: 'Drawing',
  file: 'A picture of yours …',
  unread: (name: string) => `${name} is no picture that this browser reads`,
  given: 'A picture, to paint on',
  keys: 'By keys, arrows move the brush and the space bar paints.',
  colour: 'Paint in',
  colours: [['#1e293b', 'dark'], ['#ffffff', 'white'], ['#fb7185', 'red'], ['#22c55e', 'green']] as const,
  clear: 'As it was',
  latent: (depth: number, side: number) => `Its latent: ${number(depth)} sheets of ${number(side)} × ${number(side)}`,
  sheets: (depth: number, side: number, noise: number) =>
    `${number(depth)} grey sheets of ${number(side)} × ${number(side)} places${noise ? `, with noise of ${number(noise)}` : ''}`,
  back: 'Unfolded again',
  backDescribed: (noise: number) => `What the decoder makes of the latent${noise ? ` with noise of ${number(noise)}` : ''}`,
  noise: 'Noise on the latent',
  spread: (share: number) => `${number(share)} of its spread`,
  facts: (before: number, after: number) => `${number(before)} numbers became ${number(after)}, ${number(before / after)} times fewer.`,
  psnr: (decibels: number) => `${number(decibels, 1)} dB from the picture (PSNR: 6 dB more is half the error).`,
  took: (encoder: number, decoder: number) => `Here the encoder took ${number(encoder, 0)} ms, the decoder ${number(decoder, 0)} ms.`,
  credit: 'The drawings are the style Sprouts by DiceBear (dicebear.com), CC0 1.0. The networks learnt from 10,000 others.',
  say: 'Draw a plant',
  examples: 'Examples',
  fetch: (megabytes: number) => `Draw (fetches ${number(megabytes, 0)} MB, once)`,
  counting: (calls: number, total: number) => `Call ${number(calls)} of ${number(total)} …`,
  drawn: (text: string, seed: number) => `“${text}”, drawn from seed ${seed}`,
  walked: (depth: number, side: number) => `The walk is in here: ${number(depth)} sheets of ${number(side)} × ${number(side)}`,
  film: 'Guesses on the way, each unfolded',
  guessed: (one: number, of: number) => `Guess ${number(one)} of ${number(of)} on the way`,
  inLatents: 'In latents',
  inPixels: 'In pixels',
  costs: { sees: 'The network sees', call: 'A call', walk: (calls: number) => `${number(calls)} calls`, decoder: 'The decoder, once' },
  milliseconds: (many: number) => (many < 995 ? `${number(many, 0)} ms` : seconds(many)),
  measure: 'Measure pixels',
  compared: (ratio: number) => `A call in pixels took ${number(ratio, 1)} times as long here.`,
  compares: 'For pixels, the network that draws the emoji is asked about sixteen of its pictures at once: as many pixels, and fewer weights.',
}

export const text: ChapterText = {
  id: 'steering',
  title: 'Steering',
  lead: 'So far the noise decided what came out. Now you say what you want, and how strongly you want it.',
  minutes: 22,
  sections: [
    {
      heading: 'Say what you want',
      text: [
        'Beside the noisy picture and its noise level, the network gets one thing more: a [[condition]]. Here it is the [[class]] of the digit. The question becomes *what was this before the noise, given that it is a three?* The guesses lean towards threes, and so does the whole walk. [Switch on “Two digits side by side”](steering.view=guidance&steering.two=1). The noise is the same and only the class differs; often the slant and the weight of the strokes stay the same.',
      ],
      code: 'steering_prompts.py',
    },
    {
      heading: 'Say it in words',
      text: [
        'Ten classes can say ten things. A [[prompt]] says more, because words combine. [Look at “Words”](steering.view=words&steering.say=penguin): a second model, of four million weights, draws emoji of 32 × 32 pixels from what you type. The text is cut into [[token|tokens]]: whole words if they are common, pieces if they are rare. A small text network turns the tokens into rows of numbers. At every call, each place of the picture looks by [[attention]] at the words that matter to it. Nothing else changes: not the noise, not the walk, not the dial.',
        'Look at the last row of the film, with the dial at w = 1: plain guesses, with nothing pushed. The first guess of [a penguin](steering.view=words&steering.say=penguin&steering.words-w=1) is a blur: the model is not sure, so it guesses an average, and the seeds give different penguins. The first guess of [a red heart](steering.view=words&steering.say=red+heart&steering.words-w=1) is already the final heart, for every seed. The words leave nothing open, because the model learnt this one drawing by heart. With few examples, that happens easily.',
        'Some prompts were **never trained on**. The model has seen blue things and circles, but [no blue circle](steering.view=words&steering.say=blue+circle&steering.words-w=3). When it draws one, it has not looked it up; it has put two words together. It does not always work: its [purple heart](steering.view=words&steering.say=purple+heart&steering.words-w=3) comes out nearly grey. The model learnt from 3,860 drawings. Large models learn from hundreds of millions of pictures with captions.',
        'And without words? That is a condition too. In training, one caption in ten was left out, so an empty prompt means “anything”. [[guidance|Guidance]] pushes away from this guess.',
      ],
      code: 'steering_words.py',
    },
    {
      heading: 'The guidance dial',
      text: [
        'A model often follows its condition only a little. So in training the class was sometimes replaced by the [[null class]], “none”. Now one network gives two guesses: with the condition and without. Their difference points to *what the condition changes*, and [[classifier-free guidance]] goes further that way. It costs a second call at every step. The name says that no separate classifier does the steering. It does **not** say that there is no condition.',
        'This page and the package count like this: **w = 0 ignores the condition, w = 1 is the plain guess with it, more pushes beyond it.** (Some papers and tools call our 1 their 0. Look before you copy a number.)',
        '[Turn the dial](steering.view=guidance&steering.w=5) and watch what is lost. The digits become more like one another; rare ways to write a three disappear first. The table measures it. If you push hard, the strokes become harsher than those of any real digit, because nothing holds a stretched guess near real pictures. For pictures from text, people often use a guidance of about 3 to 8.',
        'With words you can watch it on one picture. [“Words”](steering.view=words&steering.words-w=3) draws three pictures from the same noise: words ignored, plain, and pushed. The three begin alike, and then they part.',
      ],
      equations: [
        {
          tex: String.raw`\hat x_0 = D(x, \varnothing) + w\,\bigl(D(x, c) - D(x, \varnothing)\bigr)`,
          says: 'The guess without the condition, plus w times what the condition changes.',
        },
      ],
      code: 'steering_guidance.py',
    },
    {
      heading: 'A smaller space to walk in',
      text: [
        'A colour picture of 512 × 512 pixels is 786,432 numbers. Most of them say little that their neighbours have not said. **Latent diffusion** first trains an [[autoencoder]]. One half of it squeezes a picture into 64 × 64 places of 4 numbers each, 48 times fewer. The other half unfolds them again. Then everything in this lesson happens in that [[latent]] space: noise, guesses, steps. The decoder runs once, at the end. [Look at “A smaller space” to scale](steering.view=latent&steering.space=scale).',
        'The saving is greater than 48. With [[attention]] every place looks at every other place, so the cost grows with the *square* of the number of places: 64 times fewer places make 4,096 times fewer pairs. There is a price. What the autoencoder cannot unfold, no walk can bring back. Small faces and small print show it.',
        'Try it. [Squeeze a picture](steering.view=latent&steering.space=squeeze): this autoencoder, of half a million weights, turns 128 × 128 pixels into 16 × 16 places of 8 numbers, 24 times fewer. In the sheets you can see where things are, but nobody decided what each number means. Paint on the picture, and only the places near the stroke change. Then open a photograph of yours. This autoencoder has only ever seen drawings, and it shows.',
        'Now [put noise on the latent](steering.view=latent&steering.space=squeeze&steering.latent-noise=0.2). A little of it hardly matters: in training, noise of up to a fifth of the spread was added, so that near latents are near pictures. With [as much noise as latent](steering.view=latent&steering.space=squeeze&steering.latent-noise=1) the decoder makes patches and stains. A walk has to end much nearer to what an encoder would say.',
        '[Draw at 128 pixels](steering.view=latent&steering.space=draw). A second network walks among such latents, from words, and the decoder unfolds where the walk ends. The picture has sixteen times as many pixels as an emoji. Then measure, below it, what a call costs in this space, and what it would cost in pixels.',
      ],
      equations: [
        {
          tex: String.raw`\frac{512^2\cdot 3}{(512/8)^2\cdot 4} = \frac{786{,}432}{16{,}384} = 48`,
          says: 'The factor of 8 counts twice, for height and width; 3 colours become 4 numbers.',
        },
      ],
    },
    {
      heading: 'Draw a painted part again',
      text: [
        '[[inpainting|Inpainting]] needs no new model and no training. [Look at “A brush”](steering.view=brush&steering.say=penguin&steering.into=santa+claus): a penguin gets the head of Santa Claus. The walk begins at pure noise, everywhere. But where the picture is known, the known picture replaces the guess, at every step. There the walk leads straight to what was known. The painted part has to guess. At every noise level it sees the known part beside it, so it guesses what fits: an outline goes on, a colour is taken up.',
        'What you did not paint comes back **equal in every bit**; below the picture this is counted. The words apply to the painted part alone. But describe the *whole* picture that you want, because the model guesses it as a whole.',
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
      heading: 'Change a picture, make a video',
      text: [
        'To change a picture, mix in noise only part of the way and walk back from there with a new condition. The more noise, the freer the change.',
        'Video has one axis more. The frames are denoised together, and attention runs through time as well as across the picture. Sound, molecules and the movements of a robot are made in the same way. The network changes, and what its numbers mean. The walk is the one that you have seen.',
      ],
    },
  ],
}
