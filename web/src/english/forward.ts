import type { ChapterText } from '../chapters/text'
import { written } from '../written'

const number = (value: number) => written(value, 0, 3)
const figures = (value: number) => value.toFixed(2).replace('-', '−')
const plural = (count: number, what: string) => `${number(count)} ${what}${count === 1 ? '' : 's'}`
/** e to the `lead`, as odds are said: in few figures, and as a power of ten where it is too large to be read. */
const againstOne = (lead: number) => {
  const odds = Math.exp(lead)
  if (odds < 9.95) return odds.toFixed(1)
  if (odds < 1e9) return number(Number(odds.toPrecision(odds < 100 ? 2 : 1)))
  return `10^${Math.round(lead / Math.LN10)}`
}

export const labels = {
  scene: 'One picture along time',
  time: 'Time t',
  data: 'the picture',
  noise: 'pure noise',
  play: 'Add noise',
  picture: 'Picture',
  drawings: ['cat', 'rocket', 'house', 'apple', 'butterfly', 'penguin', 'mushroom', 'fish', 'strawberry', 'panda'],
  drawing: (picture: string): string => labels.drawings[Number(picture)]!,
  cleanPicture: 'The picture',
  noisePicture: 'The noise',
  times: (symbol: string, value: number) => `× ${symbol} = ${figures(value)}`,
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
  bend: 'Drag a handle, or choose one with Tab and move it with the arrow keys. The pictures follow. In grey: the other schedules.',
  handle: (t: number) => `Your curve at t = ${t.toFixed(1)}`,
  handleAt: (logsnr: string, alpha: string) => `logSNR ${logsnr}, alpha ${alpha}`,
  divide: 'Divide the noisy picture by α',
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
  takenFor: 'The other picture',
  isOne: (picture: string) => `α · ${labels.drawing(picture)}`,
  isNoise: 'σ · noise',
  isSlice: 'the noisy picture',
  noiseOf: (spread: string) => `Noise of spread ${spread}`,
  sliceAt: (t: number) => `The noisy picture at time ${t.toFixed(2)}`,
  /** Of two pictures, by their numbers: the odds are e to the `lead` for the first. */
  odds: (mine: string, other: string, lead: number) => {
    const [likelier, less] = (lead < 0 ? [other, mine] : [mine, other]).map(labels.drawing)
    return `Odds for the ${likelier} against the ${less}: ${againstOne(Math.abs(lead))} : 1.`
  },
  follows: (mine: string, other: string, lead: number) => {
    const [likelier, less] = (lead < 0 ? [other, mine] : [mine, other]).map(labels.drawing)
    const odds = Math.exp(Math.abs(lead))
    if (odds < 3) return `Nobody can tell which of the two it was: this noisy picture comes about nearly as often from the ${less}.`
    if (odds < 20) return `It was probably the ${likelier}, but the ${less} is still possible.`
    if (odds < 1000) return `It was almost certainly the ${likelier}. The ${less} would need unusual noise.`
    return `It was the ${likelier}. The noise that the ${less} would need practically never comes. Add more noise.`
  },
  impossible: 'Without noise there is nothing to confuse. Add some.',
  described: (picture: string, t: number, schedule: string, share: number) =>
    `Picture (${picture}) and noise are added up to the noisy picture at time ${t.toFixed(2)}, of whose strength ${Math.round(100 * share)}% is picture. Below, nine pictures from clean to pure noise, on the schedule “${schedule}”.`,
  describedWays: (picture: string, steps: number) =>
    `Two rows of noisy pictures of the same original (${picture}): on the left noised step by step, on the right each in one jump. After ${plural(steps, 'step')} both look alike, with different noise.`,
  describedOther: (mine: string, other: string, t: number) =>
    `On the left the ${labels.drawing(mine)} dissolves, on the right the ${labels.drawing(other)}. At time ${t.toFixed(2)} both have the very same noisy picture.`,
}

export const text: ChapterText = {
  id: 'forward',
  title: 'The forward process',
  short: 'Forward',
  lead: 'Two numbers say how to spoil a picture. That needs no skill, no network and no waiting: one jump leads to any moment.',
  minutes: 15,
  sections: [
    {
      heading: 'A recipe, not a skill',
      text: [
        'Below the sum you see one picture at nine moments. At every moment two things are done to it. It is made fainter: multiplied by [[alpha (α)|α]]. And [[noise]] is added, multiplied by [[sigma (σ)|σ]], which is then its spread, the [[standard deviation]]. Drag the time, or [set t to 0.7](forward.show=schedule&forward.t=0.7), and watch the sum: picture, noise, and the noisy picture that they make.',
        '**Nothing is learnt here.** The noise is drawn blindly; it has never seen a picture. The two numbers come from a table that was written before any picture was there, the [[schedule]]. What must be learnt is the way back. Its exercises come from here: a spoilt picture together with its original, as many as you like, for free.',
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
        'The paper that made diffusion work for pictures, [[DDPM]], describes a chain of a thousand steps, the [[timestep|timesteps]]. Each step shrinks the picture a little and adds a small dose of noise. Its size is [[beta (β)|β]], the [[variance]]: the spread, squared. [Open “Steps or one jump”](forward.show=ways&forward.t=0.2): the left one really takes all the steps.',
        'The right one jumps. That works because *the sum of independent numbers from bell curves again follows a bell curve*, and their variances add. Two hundred small doses do what one large dose does, and the table says how large. The two results differ in every pixel, because their noise differs. Move the time: they stay alike. Their distribution is the same: run both many times, and every pixel has the same average and the same spread.',
        'So training never walks along the chain. It picks a moment at random, jumps there, and asks the network: what was it?',
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
        'One number says how well a picture can be made out: the [[signal-to-noise ratio]], how strong the picture is compared with the noise. It runs over many powers of ten, so people draw its logarithm, [[logSNR]]. At 0 both have equal strength. Each 2.3 further down, the noise becomes ten times as strong, compared with the picture.',
        'All schedules lead from clean to noise. They differ in where they spend the time. DDPM’s [linear one](forward.show=schedule&forward.schedule=linear) spends 45% of it where the noise is more than twenty times as strong as the picture; [cosine](forward.show=schedule&forward.schedule=cosine) spends 14% there and more time in the middle, where shapes form. The [straight one](forward.show=schedule&forward.schedule=flow), used by many recent models, lets α fall and σ rise evenly. Bend the curve yourself, and the pictures follow.',
        'On the first three schedules α² + σ² = 1, so the numbers keep their size; such schedules are called [[variance preserving]]. The straight one has α + σ = 1 instead. The difference is only brightness: where the ratio is equal, you see equally much.',
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
        'It is tempting to think that the noisy picture *contains* the original, and that something clever only has to decode it. Try the simplest way, with the switch [“Divide the noisy picture by α”](forward.show=schedule&forward.divide=1&forward.t=0.6). The picture gets its strength back. So does the noise, and you see no more than before.',
        'There is a deeper reason. [Open “Is it still in there?”](forward.show=other&forward.schedule=linear&forward.t=0.3). The same noisy picture can be explained in two ways: by one picture with its noise, or by another picture with other noise. The panel computes the odds between the two. While there is little noise, the other picture would need noise that practically never comes. [With much noise](forward.show=other&forward.schedule=linear&forward.t=0.9) the odds are nearly even. **Then the noisy picture itself does not say what it was.** It only says which pictures it may have been, and how likely each is.',
        'So the way back is no decoding. It chooses one of all the pictures that fit, step by step. The next chapter shows how.',
      ],
      equations: [
        {
          tex: String.raw`x_t = \alpha_t\, x_0 + \sigma_t\, \varepsilon = \alpha_t\, x_0' + \sigma_t\, \varepsilon'`,
          says: 'One noisy picture, explained in two ways: this original with this noise, or that original with that noise.',
        },
        {
          tex: String.raw`\frac{p(x_t \mid x_0)}{p(x_t \mid x_0')} = \exp \frac{\lVert\varepsilon'\rVert^2 - \lVert\varepsilon\rVert^2}{2}`,
          says: 'The odds of the two, where both pictures were equally likely beforehand: the picture that needs the smaller noise is the likelier one.',
        },
      ],
      code: 'forward_other.py',
    },
  ],
}
