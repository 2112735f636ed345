import type { ChapterText } from '../chapters/text'

const number = (value: number) => value.toLocaleString('en')
const figures = (value: number) => value.toFixed(2).replace('-', '−')
const plural = (count: number, what: string) => `${number(count)} ${what}${count === 1 ? '' : 's'}`
const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
const named = (digit: string) => digits[Number(digit)]!
const a = (digit: string) => `${digit === '8' ? 'an' : 'a'} ${named(digit)}`

export const labels = {
  scene: 'One picture along time',
  time: 'Time t',
  data: 'the picture',
  noise: 'pure noise',
  play: 'Add noise',
  digit: 'Scanned digit',
  fresh: 'New noise',
  atTime: (t: number) => `t = ${t.toFixed(2)}`,
  clean: (t: string) => `t = ${t}, the picture`,
  pure: (t: string) => `t = ${t}, noise`,
  schedule: 'Schedule',
  schedules: { linear: 'Linear (DDPM)', cosine: 'Cosine', sigmoid: 'Sigmoid', flow: 'Straight (flow)', own: 'Your own' },
  show: 'Look at',
  shows: { schedule: 'The schedule', ways: 'Steps or one jump', other: 'Is it still in there?' },
  plot: 'Curve of',
  plots: { logsnr: 'logSNR', levels: 'α and σ' },
  curve: 'The schedule as a curve, with handles to bend it',
  bend: 'Drag a handle, or choose one with Tab and move it with the arrow keys. The slices follow. In grey: the other schedules.',
  handle: (t: number) => `Your curve at t = ${t.toFixed(1)}`,
  handleAt: (logsnr: string, alpha: string) => `logSNR ${logsnr}, alpha ${alpha}`,
  divide: 'Divide the slice by α',
  alpha: 'α, of the picture',
  sigma: 'σ, of the noise',
  snr: 'signal to noise',
  ratio: (snr: number) =>
    snr > 1e9 ? '∞' : snr >= 100 ? number(Number(snr.toPrecision(2))) : snr < 1e-6 ? '0' : String(Number(snr.toPrecision(2))),
  share: (picture: number) => {
    const percent = Math.round(100 * picture)
    return picture > 0 && percent < 1 ? 'less than 1% picture, nearly all noise' : `${percent}% picture, ${100 - percent}% noise`
  },
  shareOf: 'Strength, as shares of α² and σ²',
  linearOnly: 'Here the schedule is DDPM’s linear one, whose thousand single steps are in the table.',
  byChain: 'Step by step',
  byJump: 'In one jump',
  doses: (count: number) => plural(count, 'dose') + ' of noise',
  oneDose: (count: number) => (count ? '1 dose of noise' : 'no noise'),
  sameLaw: 'Not one pixel agrees: the two used different noise. Now look at many runs. One bright and one dark pixel, each noised 1,000 times either way, are spread alike:',
  sameStart: 'Before the first dose both are the clean picture.',
  counting: 'Running the chain 1,000 times…',
  value: 'value of the pixel',
  often: 'how often',
  bright: 'Bright pixel',
  dark: 'Dark pixel',
  chainKey: 'Filled: step by step',
  jumpKey: 'outline: one jump',
  mean: 'mean',
  spread: 'spread',
  histogram: (t: number) => `How the values of a bright and a dark pixel are spread at time ${t.toFixed(2)}: the chain of steps and the single jump give the same two bells.`,
  law: { ways: 'Way', chain: 'Step by step', jump: 'One jump' },
  number: figures,
  otherDigit: 'Take it for',
  isOne: (digit: string) => `α · ${named(digit)}`,
  isNoise: 'σ · noise',
  isSlice: 'this slice',
  pictureOf: (digit: string) => `A scanned ${named(digit)}`,
  noiseOf: (spread: string) => `Noise of spread ${spread}`,
  sliceAt: (t: number) => `The noised picture at time ${t.toFixed(2)}`,
  plausible: (digit: string) => `Noise has a spread of 1, give or take a tenth. So this slice is as well ${a(digit)} with this noise: which of the two was noised, nobody can tell from it.`,
  implausible: (digit: string) => `Noise has a spread of 1, give or take a tenth. Noise this strong practically never comes: the slice was hardly ${a(digit)}, as you can see for yourself. Add more noise.`,
  impossible: 'Without noise there is nothing to confuse. Add some.',
  described: (digit: string, t: number, schedule: string, share: number) =>
    `A scanned ${named(digit)} in 13 slices from clean to pure noise, on the schedule “${schedule}”. The slice at time ${t.toFixed(2)} is enlarged: ${Math.round(100 * share)}% of its strength is picture.`,
  describedWays: (digit: string, steps: number) =>
    `Two stacks of slices of the same scanned ${named(digit)}: on the left noised step by step, on the right each in one jump. After ${plural(steps, 'step')} both look alike, with different noise.`,
  describedOther: (digit: string, other: string, t: number) =>
    `On the left a scanned ${named(digit)} dissolves, on the right ${a(other)}. At time ${t.toFixed(2)} both stacks have the very same slice.`,
}

export const text: ChapterText = {
  id: 'forward',
  title: 'The forward process',
  short: 'Forward',
  lead: 'Spoiling a picture is a recipe of two numbers. It needs no skill, no network and no patience: any moment of it can be had in one jump.',
  minutes: 3,
  sections: [
    {
      heading: 'A recipe, not a skill',
      text: [
        'The panes of glass are one scanned digit at thirteen moments. At every moment two things are done to it: it is made fainter, multiplied by [[alpha (α)|α]], and [[noise]] is added, multiplied by [[sigma (σ)|σ]]. Drag the time, or [set t to 0.7](forward.show=schedule&forward.t=0.7), and watch the slice of that moment, enlarged beside the stack.',
        '**Nothing is learnt here.** The noise is drawn blindly; it has never seen a digit. The two numbers stand in a table that somebody wrote down before any picture was there, the [[schedule]]. What will have to be learnt is the way back, and this is where its exercises come from: a spoilt picture together with the original, as many as you like, for free.',
      ],
      equations: [
        {
          tex: String.raw`x_t = \alpha_t\, x_0 + \sigma_t\, \varepsilon, \qquad \varepsilon \sim \mathcal N(0, I)`,
          says: 'The picture, made fainter by alpha, plus noise of strength sigma.',
        },
      ],
      code: 'forward_levels.py',
    },
    {
      heading: 'A thousand small doses, or one',
      text: [
        'The paper that made diffusion work, [[DDPM]], tells it as a chain: a thousand steps, each of which shrinks the picture a little and adds a small dose of noise, of [[variance]] [[beta (β)|β]]. [Open “Steps or one jump”](forward.show=ways&forward.t=0.7): the left stack really takes all the steps.',
        'The right stack jumps. That works because *a sum of bell curves is a bell curve*: seven hundred small doses do what one large dose does, and the table says how large. The two pictures are not equal, pixel by pixel; they were given different noise. What is equal is the law: run both many times, and every pixel has the same average and the same spread.',
        'So training never walks the chain. It picks a moment at random, jumps there, and asks the network: what was it?',
      ],
      equations: [
        {
          tex: String.raw`x_k = \sqrt{1 - \beta_k}\; x_{k-1} + \sqrt{\beta_k}\; \varepsilon_k`,
          says: 'One small step: keep a little less than all, add a little noise. Old variance times (1 − β) plus new variance β: the total stays 1.',
        },
        {
          tex: String.raw`\alpha_k = \prod_{j=1}^{k} \sqrt{1 - \beta_j}, \qquad \sigma_k^2 = 1 - \alpha_k^2`,
          says: 'All of it at once: what k steps leave of the picture, and how much noise they have brought in together.',
        },
      ],
      code: 'forward_chain.py',
    },
    {
      heading: 'The schedule: where to spend the time',
      text: [
        'How well a picture can be made out depends on one number only, the [[signal-to-noise ratio]]: how strong the picture is beside the noise. It runs over many powers of ten, so one draws its logarithm, *logSNR*. At 0 both are equally strong; each 2.3 down, the noise gets ten times the upper hand.',
        'All schedules go down this hill, from clean to noise. They differ in how long they stay where. DDPM’s [linear one](forward.show=schedule&forward.schedule=linear) is early among pictures of which next to nothing is left; [cosine](forward.show=schedule&forward.schedule=cosine) spends its time in the middle, where shapes form; the [straight one](forward.show=schedule&forward.schedule=flow), used by many recent models, just lets α fall and σ rise evenly. Bend the curve yourself and see which slices pile up.',
        'On most of them α² + σ² = 1, so that the numbers keep their size; they are called [[variance preserving]]. The straight one has α + σ = 1 instead. That is no more than brightness: what can be seen is the same wherever the ratio is.',
      ],
      equations: [
        {
          tex: String.raw`\mathrm{SNR}(t) = \frac{\alpha_t^2}{\sigma_t^2}, \qquad \mathrm{logSNR}(t) = \log \frac{\alpha_t^2}{\sigma_t^2}`,
          says: 'The strength of the picture over the strength of the noise, both as variances, and the logarithm of it.',
        },
      ],
      code: 'forward_schedules.py',
    },
    {
      heading: 'Is the picture still in there?',
      text: [
        'It is tempting to think that the noised picture *contains* the original, and that something clever only has to decode it. Try the simplest, with the switch [“Divide the slice by α”](forward.show=schedule&forward.divide=1&forward.t=0.6). The picture gets its strength back, and so does the noise; it is not one bit clearer.',
        'The reason goes deeper. [Open “Is it still in there?”](forward.show=other&forward.t=0.3). The very same slice is a three with one noise, or an eight with another. While there is little noise, the eight would need an absurd one, and we can tell. [With much](forward.show=other&forward.t=0.8), its noise is as ordinary as the true one. **Then the slice itself does not know what it was.** All that can be said is which pictures it may have been, and how likely each is.',
        'That is why the way back is no decoding. It makes a choice among all that would fit, step by step. How, is the next chapter.',
      ],
      equations: [
        {
          tex: String.raw`x_t = \alpha_t\, x_0 + \sigma_t\, \varepsilon = \alpha_t\, x_0' + \sigma_t\, \varepsilon'`,
          says: 'One noised picture, two stories: this original with this noise, or that original with that noise.',
        },
      ],
      code: 'forward_other.py',
    },
  ],
}
