import type { ChapterText } from '../../chapters/text'

const percent = (share: number) => (share > 0 && share < 0.005 ? '<1%' : `${Math.round(100 * share)}%`)
const one = (value: number) => value.toFixed(1)
const where = (place: number) => `row ${Math.floor(place / 8) + 1}, column ${(place % 8) + 1}`
const shades = ['black', 'dark', 'light', 'white']
type Told = {
  coding: boolean
  count: number
  bits: number
  calls: number
  next: { place: number; chances: number[] } | undefined
  overruled: { place: number; level: number } | undefined
  changed: number
}

export const labels = {
  scene: 'A digit that comes pixel by pixel',
  play: 'Draw',
  step: 'Pixels so far',
  steps: (count: number) => `${count} of 64`,
  what: 'What is shown',
  whats: { draw: 'a new digit', scan: 'a scanned one, coded' },
  again: 'Other dice',
  another: 'Another scan',
  order: 'Order',
  orders: { rows: 'row by row', random: 'random' },
  together: 'Pixels a call',
  overrule: 'Overrule a pixel',
  levels: { free: 'none', '0': 'black', '1': 'dark', '2': 'light', '3': 'white' },
  place: 'Which pixel',
  where,
  percent,
  one,
  bars: 'the next pixel will be',
  done: 'all pixels are there',
  without: 'without your change',
  scanned: 'the scan',
  bits: (bits: number, bound = false) => `${one(bits)}${bound ? ' (not exact)' : ''}`,
  rows: {
    bits: 'Bits so far',
    calls: 'Calls so far',
    heldOut: 'A held-out digit, on average, in bits',
    alone: 'The same, each pixel by itself',
    plain: 'The same, plain: two bits a pixel',
    all: 'Calls for a digit',
    frechet: 'Fréchet distance (less is better)',
  },
  key: 'Blue frames: the pixels of the next call. Bars: the chances that the network gives the first of them, the blue one being what the dice choose. Orange: your pixel; pink: what came out differently because of it. Tap a pixel to give it the next shade.',
  described: ({ coding, count, bits, calls, next, overruled, changed }: Told) =>
    [
      `${coding ? 'A scanned digit' : 'A new digit'}, ${count} of 64 pixels, ${one(bits)} bits, ${calls} calls.`,
      next ? `The next pixel, ${where(next.place)}: ${next.chances.map((chance, k) => `${shades[k]} ${percent(chance)}`).join(', ')}.` : '',
      overruled ? `The pixel at ${where(overruled.place)} is made ${shades[overruled.level]}; ${changed} pixels are other than without that.` : '',
    ].filter(Boolean).join(' '),
}

export const text: ChapterText = {
  id: 'pixels',
  title: 'Autoregressive models',
  lead: 'Draw a picture as one writes a sentence: pixel by pixel, each with a look at all that is there. Overrule one, and the rest goes another way. Then draw many at once, and you have a diffusion model.',
  minutes: 12,
  sections: [
    {
      heading: 'One pixel after another',
      text: [
        'The digit has 64 pixels in four shades. An *autoregressive* model draws them in order. For each it looks at the pixels that are there and says how likely each shade is. [The bars](pixels.what=draw&pixels.order=rows&pixels.together=1&pixels.step=24&pixels.level=free) show it for the next pixel. Dice choose one, the pixel is set, and the network is called again. Language models write in this way, token by token.',
        'Nothing is lost by going step by step. The chances of all pixels, multiplied, are the chance of the whole picture. This is the *chain rule*, and it holds for every order.',
      ],
      equations: [
        {
          tex: String.raw`p(x) = \prod_{i=1}^{64} p\bigl(x_{\sigma(i)} \mid x_{\sigma(1)}, \dots, x_{\sigma(i-1)}\bigr)`,
          says: 'The chain rule, for an order σ of the pixels: no approximation.',
        },
      ],
    },
    {
      heading: 'Overrule one',
      text: [
        '[Here is a whole digit](pixels.what=draw&pixels.order=rows&pixels.together=1&pixels.step=64&pixels.level=free). Now [make one pixel white](pixels.what=draw&pixels.order=rows&pixels.together=1&pixels.step=64&pixels.place=13&pixels.level=3) that was not, or tap any pixel. All that came before stays. All that comes after is drawn anew with the same dice, and the pink frames show what came out differently: the model takes your pixel for its own and finds a digit that goes with it.',
        'What was drawn can’t be taken back. If an early pixel was a mistake, all later ones must live with it. A diffusion model may still change everything until its last step.',
      ],
    },
    {
      heading: 'Bits that are exact',
      text: [
        'A pixel that was given a chance of one half costs one bit, a quarter costs two. Add up all pixels of [a scan that the model has never seen](pixels.what=scan&pixels.order=rows&pixels.together=1&pixels.step=64). That is how many bits it takes to send the scan: the receiver has the same network, and gets every pixel back. Plainly stored it takes 128 bits. Held-out digits take about 57 on average.',
        'This number is *exact*. A GAN has none, a VAE has a bound, and a diffusion model needs hundreds of calls for a good estimate. It is what language models are trained and compared by.',
      ],
      equations: [
        { tex: String.raw`\text{bits}(x) = -\sum_{i} \log_2 p\bigl(x_{\sigma(i)} \mid x_{\sigma(<i)}\bigr)`, says: 'The length of the code, by arithmetic coding to within two bits.' },
      ],
      code: 'pixels_bits.py',
    },
    {
      heading: 'In any order',
      text: [
        'This network was trained with pixels hidden at random, so it can draw [in any order](pixels.what=draw&pixels.order=random&pixels.together=1&pixels.step=24&pixels.level=free). It needs no more than to know which pixels are there. It can also fill in what you leave out, which a model of rows alone can’t.',
      ],
    },
    {
      heading: 'Many at once: masked diffusion',
      text: [
        '64 pixels cost 64 calls. So [set sixteen of them at each call](pixels.what=draw&pixels.order=random&pixels.together=16&pixels.step=32&pixels.level=free): four calls, and the digit is there. The price: pixels that are set together don’t see one another. Each is likely by itself, but they need not fit. [With all 64 in one call](pixels.what=draw&pixels.order=random&pixels.together=64&pixels.step=64&pixels.level=free) there is no stroke any more, and the table shows what this costs.',
        'Read it the other way round. Begin with a picture that is all hidden, and uncover some pixels at each call: this is *masked diffusion*. Its noise is the hiding, its denoiser is this very network, and its loss is the average over all orders. More calls make better pictures, as ever. At one pixel a call it is the autoregressive model you began with.',
      ],
      code: 'pixels_together.py',
    },
  ],
}
