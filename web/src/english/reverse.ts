import type { ChapterText } from '../chapters/text'
import { written } from '../written'

const number = (value: number) => written(value, 0, 3)
const figures = (value: number) => value.toFixed(2).replace('-', '−')

export const labels = {
  scene: 'A landscape of density',
  show: 'Look at',
  shows: { walks: 'The walks', guess: 'The best guess', pictures: 'The same with pictures' },
  time: 'Time t',
  data: 'the data',
  noise: 'pure noise',
  arrows: 'Score arrows',
  walk: 'Walk down',
  again: 'New noise',
  way: 'Kind of walk',
  ways: { ddim: 'Deterministic (DDIM)', ddpm: 'Random (DDPM)', less: 'DDPM, less fresh noise' },
  fresh: 'Fresh noise that it is given',
  percent: (share: number) => `${Math.round(100 * share)}%`,
  questions: 'Steps',
  dataSide: (t: number) => `the data, t = ${t}`,
  noiseSide: (t: number) => `noise, t = ${t}`,
  atTime: (t: number) => `t = ${t.toFixed(2)}`,
  place: 'Where you stand: x',
  number: figures,
  askedAt: (x: number) => `x = ${figures(x)}`,
  guessIs: (x: number) => `best guess ${figures(x)}`,
  guessTold: (x: number, t: number, guess: number) =>
    `Standing at ${figures(x)} at time ${t.toFixed(2)}, the best guess of the clean value is ${figures(guess)}.`,
  densityTold: (there: number, most: number) => `Density of the data at that place: ${figures(there)}. On the highest hill it is ${figures(most)}.`,
  rare: 'Hardly any data are there: the guess stands between the hills, an average of what it could have been.',
  likely: 'There are data there: either few other values were possible, or the average happens to fall on a hill.',
  ends: (count: number, t: number) => `${number(count)} walkers at time ${t.toFixed(2)}; the line is the true density of that time.`,
  spreads: (spread: number, right: number) => `spread ${figures(spread)}, right ${figures(right)}`,
  histogram: (way: string, spread: number, right: number) =>
    `${way}: how the walkers are spread, beside the true density. Their spread is ${figures(spread)}; right would be ${figures(right)}.`,
  described: (t: number, way: string | undefined, count: number) =>
    `A landscape: three hills of data in front melt into one hill of noise at the back. The cut at time ${t.toFixed(2)} is marked.` +
    (way ? ` ${count} paths of the walk “${way}” come down from the noise to that time.` : ''),
  noised: 'noisy',
  guess: 'the guess',
  noisedAt: (picture: string, t: number) => `Picture (${picture}), noised to time ${t.toFixed(2)}`,
  guessAt: (t: number) => `The network’s guess of the clean picture at time ${t.toFixed(2)}`,
  oneCall: 'Upper row: one picture, noised to the time t that stands below. Lower row: the guess of the network, after one call without any words. It is the network that draws emoji from words.',
  column: (t: number) => t.toFixed(2),
  drawBoth: 'Show both',
  both: 'And whole walks of DDPM, 50 steps each, from the same eight seeds, asked for a cat’s face. Python walked them when these pages were made:',
  with: 'with fresh noise',
  without: 'without',
  drawnWith: (seed: number) => `Drawn with fresh noise, seed ${seed}`,
  drawnWithout: (seed: number) => `Drawn without fresh noise, seed ${seed}`,
}

export const text: ChapterText = {
  id: 'reverse',
  title: 'The reverse process',
  short: 'Reverse',
  lead: 'Nobody can decode noise. But one can guess what was there on average, take a small step towards it, and guess again.',
  minutes: 15,
  sections: [
    {
      heading: 'Hills, and arrows that point uphill',
      text: [
        'Pictures can wait. Here the data are single numbers, in three clusters. The front edge of the landscape shows how many of them lie where, their [[density]]: three hills. Further back, noise is mixed in; [each cut across](reverse.show=walks&reverse.t=0.5) is the density of the noisy data at that time. The hills widen, merge, and end as the one round hill of pure noise.',
        '[The arrows](reverse.show=walks&reverse.arrows=1&reverse.t=0.2) on it are the [[score]]. In plain words: *if I stood here, in which direction would the data become likelier fastest?* The score is easy to get. Noise has pushed every point away from the data. Guess the noise, turn it round, divide it by σ: that is the score. So whoever can guess the noise knows the way uphill, without knowing how high the hill is.',
      ],
      equations: [
        {
          tex: String.raw`s(x, t) = \nabla_{\!x} \log p_t(x) = -\,\frac{\mathbb E\,[\,\varepsilon \mid x_t = x\,]}{\sigma_t}`,
          says: 'The score is the slope of the logarithm of the density. It equals the expected noise, turned round and divided by sigma.',
        },
      ],
      code: 'reverse_score.py',
    },
    {
      heading: 'The best guess is an average',
      text: [
        '[Look at “The best guess”](reverse.show=guess&reverse.t=0.2&reverse.x=-1.2) and move along x. The flag stands at the best [[guess]] of the clean value: the average of all that it could have been, each weighted by how likely it is. With little noise the flag is on a hill. [With much noise](reverse.show=guess&reverse.t=0.6&reverse.x=-0.3) it is *between* the hills, **where there are hardly any data**. That is no failure. Of all answers, the average has the smallest squared error.',
        'An average of pictures is a blur. [Look at “The same with pictures”](reverse.show=pictures): after one [[call]] with a very noisy picture, the network gives a blur. The exact average is a blur too. And notice what the network does *not* do. It does not take away the noise of one step. Its guess takes away all the noise, each time.',
      ],
      equations: [
        {
          tex: String.raw`\begin{gathered}\hat x_0(x, t) = \mathbb E\,[\,x_0 \mid x_t = x\,] \\[0.4em] \text{makes}\quad \mathbb E\,\big[\,\lVert x_0 - \hat x_0\rVert^2 \,\big|\, x_t = x\,\big] \quad\text{smallest}\end{gathered}`,
          says: 'The answer with the smallest expected squared error is the average of what it could have been.',
        },
      ],
      code: 'reverse_guess.py',
    },
    {
      heading: 'Guess, take a small step, guess again',
      text: [
        'So the blur is not the result. It is a direction. Take a *small* step: mix the guess and the noise that it implies again, at the next lower [[noise level]]. There is now a little less noise, fewer originals fit, and the next guess is clearer. That is the whole [[reverse process]]. [Take one step only](reverse.show=walks&reverse.walk=ddim&reverse.steps=1&reverse.t=0): every walker ends at the average of all data, which here happens to lie beside the small hill in the middle. [With ten steps](reverse.show=walks&reverse.walk=ddim&reverse.steps=10&reverse.t=0) the three hills are there.',
        'This walk uses no chance after its start; it is [[DDIM]]. The same start leads to the same end, and neighbours stay neighbours. Yet with many steps the walkers together are spread like the noisy data, at every time: compare the histogram with the line, at any t. The current that carries them is called the [[probability-flow ODE]].',
      ],
      equations: [
        {
          tex: String.raw`x_s = \alpha_s\,\hat x_0 + \sigma_s\,\hat\varepsilon, \qquad \hat\varepsilon = \frac{x_t - \alpha_t\,\hat x_0}{\sigma_t}`,
          says: 'One step of DDIM, from level t down to s: the forward recipe again, with the guess in place of the truth.',
        },
      ],
      code: 'reverse_walk.py',
    },
    {
      heading: 'Why noise is added back',
      text: [
        '[[DDPM]] walks differently. [Its paths jitter](reverse.show=walks&reverse.walk=ddpm&reverse.steps=50&reverse.t=0): each step drops part of the noise and draws new noise. That looks absurd on the way to a clean result. But the step leads to an *average*, the middle of where the point may be at the next level. The points of that level are not all in the middle; they are spread about it. **The fresh noise restores this spread**: nearly all of it if the steps are small, too little of it if they are large.',
        '[Take half of it away](reverse.show=walks&reverse.walk=less&reverse.steps=50&reverse.fresh=0.5&reverse.t=0), and the hills come out too thin. [With none at all](reverse.show=walks&reverse.walk=less&reverse.steps=50&reverse.fresh=0&reverse.t=0), two thousand walkers end in one place, and it is not a hilltop: the density there is half as high. With pictures the result is too smooth and too much alike. DDIM needs no fresh noise, but it takes other steps: DDPM without its noise is not DDIM.',
      ],
      equations: [
        {
          tex: String.raw`\begin{gathered}x_s = \alpha_s\,\hat x_0 + \sigma_s\left(\kappa\,\hat\varepsilon + \sqrt{1 - \kappa^2}\; z\right) \\[0.4em] \kappa = \frac{\alpha_t\,\sigma_s}{\sigma_t\,\alpha_s}, \qquad z \sim \mathcal N(0, I)\end{gathered}`,
          says: 'One step of DDPM: it keeps the share kappa of the old noise and replaces the rest by fresh noise z, so that the total is right.',
        },
      ],
      code: 'reverse_noise.py',
    },
  ],
}
