import type { ChapterText } from '../chapters/text'
import { written } from '../written'

const number = (value: number) => written(value, 0, 3)
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(milliseconds < 995 ? 2 : 1)} s`
const plural = (count: number, what: string) => `${number(count)} ${what}${count === 1 ? '' : 's'}`

export const labels = {
  view: 'Look at',
  views: { race: 'A race', wall: 'A wall of seeds', few: 'Where few steps break', grids: 'Where a tuned walk steps', calls: 'One call, two calls', drift: 'Points that drift' },
  samplers: { ddpm: 'DDPM', ddim: 'DDIM', euler: 'Euler', heun: 'Heun', 'dpm++2m': 'DPM-Solver++', unipc2: 'UniPC' },
  none: 'nobody',
  race: 'Walks from the same noise',
  lane: (place: number) => `Lane ${place}`,
  sampler: 'Sampler',
  steps: 'Steps',
  stepCount: (steps: number) => plural(steps, 'step'),
  lanes: 'Who walks, in how many steps',
  many: 'Pictures at once',
  seed: 'First seed',
  fresh: 'New seeds',
  oneSeed: 'Seed',
  oneFresh: 'New seed',
  show: 'Pictures show',
  shows: { x: 'the picture so far', guess: 'the guess at the end' },
  asked: 'Calls of the network so far',
  ofCalls: (calls: number, total: number) => `${number(calls)} of ${plural(total, 'call')}`,
  bars: (total: number) => `Bars: calls of the network, the longest ${number(total)}`,
  start: 'pure noise',
  finish: 'all arrived',
  raceAgain: 'Race',
  stop: 'Stop',
  go: 'Start again',
  clock: (calls: number, total: number, milliseconds: number) => `${number(calls)} of ${plural(total, 'call')} · ${seconds(milliseconds)}`,
  afterSteps: (steps: number) => (steps ? `After ${plural(steps, 'step')}` : 'The noise at the start'),
  wish: 'They draw',
  wishes: { mushroom: 'a mushroom', 'smiling face': 'a smiling face', bird: 'a bird', 'red apple': 'an apple', '': 'anything' } as Record<string, string>,
  counting: (name: string, calls: number, total: number) => `${name}: ${number(calls)} of ${plural(total, 'call')} …`,
  stopped: 'Stopped.',
  laneName: (name: string, steps: number) => `${name}, ${plural(steps, 'step')}`,
  result: (calls: number, milliseconds: number | undefined) =>
    milliseconds === undefined ? plural(calls, 'call') : `${plural(calls, 'call')} · ${seconds(milliseconds)}`,
  laneTold: (name: string, calls: number, total: number, milliseconds: number) =>
    calls < total
      ? `${name} has made ${number(calls)} of ${plural(total, 'call')}`
      : `${name} has arrived after ${plural(total, 'call')}, in ${seconds(milliseconds)}`,
  racing: (wish: string, told: string[]) => `Walks from the same noise to ${wish}, call by call in turn: ${told.join('; ')}.`,
  waiting: 'Walks from the same noise; they have not begun.',
  wall: 'Pictures by seed, row by row',
  wallTold: (count: number, calls: number, milliseconds: number) =>
    `${plural(count, 'picture')}, ${plural(calls, 'call')} for all of them together: ${seconds(milliseconds)} in this browser, ${(milliseconds / count).toFixed(0)} ms a picture.`,
  wallDescribed: (count: number, first: number, name: string, steps: number) =>
    `${plural(count, 'picture')}, seeds ${number(first)} to ${number(first + count - 1)}, drawn by ${name} in ${plural(steps, 'step')}.`,
  command: 'The same pictures from the command line:',
  row: (steps: number) => plural(steps, 'step'),
  rowCannot: (needs: number) => `needs at least ${plural(needs, 'step')}`,
  fewDescribed: (name: string, steps: number) => `The same six seeds, drawn by ${name} in ${plural(steps, 'step')}`,
  grids: { own: 'the model’s own walk', tuned: 'the walk tuned to it' },
  gridScene: 'Two walks over the landscape, seen from above',
  gridData: 'clean data',
  gridSays: 'Each line is a noise level at which the digits’ network is asked, or where the walk ends. Behind them is the landscape of chapter 3, noise on top: what one hill becomes as it clears.',
  gridDescribed: (steps: number, own: number[], tuned: number[]) =>
    `In ${plural(steps, 'step')}, from noise at 0% down to clean data at 100%: the model’s own walk is at ${own.map((one) => `${one.toFixed(0)}%`).join(', ')}, the tuned one at ${tuned.map((one) => `${one.toFixed(0)}%`).join(', ')}.`,
  who: { model: 'The model', student: 'Its student' },
  callsLane: (name: string, calls: number) => `${name}, ${plural(calls, 'call')}`,
  callsRace: 'A model and its student, from the same noise',
  callsTold: (told: string[]) => `Ten digits from the same noise, call by call in turn: ${told.join('; ')}.`,
  callsRow: (name: string) => `The digits 0 to 9 by ${name}`,
  callsSays: 'Each row is ten seeds. In two calls, the student’s first answer gets new noise, and is answered again.',
  driftSets: { moons: 'moons', spirals: 'spirals', rings: 'rings', pinwheel: 'a pinwheel' } as Record<string, string>,
  driftScene: 'Points that drift in the plane',
  driftReal: 'data',
  driftPoints: 'points that drift',
  driftData: 'Data',
  driftSteps: 'Steps of drifting',
  driftStart: 'all in the middle',
  driftEnd: 'among the data',
  driftPlay: 'Drift',
  driftSays: 'Every point is drawn to the data near it and pushed off by the points near it. Where there are as many points as data, nothing moves.',
  driftDescribed: (set: string, step: number, total: number) =>
    `Points that drift from the middle of the plane to data in the shape of ${set}, after ${number(step)} of ${plural(total, 'step')}.`,
  ofSeed: (seed: number) => `Seed ${number(seed)}`,
}

export const text: ChapterText = {
  id: 'sampling',
  title: 'Sampling',
  lead: 'One network, many ways to walk with it. They differ in how they take a step, and so in how many calls they need.',
  minutes: 15,
  sections: [
    {
      heading: 'The same network, other steps',
      text: [
        '[Three walks](sampling.view=race&sampling.third=dpm%2B%2B2m) start from the same noise and use the same network, call by call in turn. Each has its own clock, which runs only while its call is answered. A [[sampler]] is only the rule for the next step: given the guesses so far, how far to go and where to. The noise levels that it visits are its [[grid]]. **The network is not trained again.** You choose the sampler afterwards.',
        'The network is nearly all of the cost. One [[call]] runs all of it; the sampler itself only adds a few numbers. So people count calls. A step is often one call, but not always: Heun needs two at nearly every step.',
        '[[DDPM]] adds fresh noise at every step. Its steps must be short: each one assumes that one bell curve describes where the picture came from, and that is only true for small steps. [[DDIM]] adds no noise and follows the average, so the same noise always ends in the same picture, and twenty steps are enough for this model. On this model’s schedule, *Euler* is the very same step under another name: [race them](sampling.view=race&sampling.first=ddim&sampling.first-steps=20&sampling.second=euler&sampling.second-steps=20&sampling.third=none) and see.',
      ],
      equations: [
        {
          tex: String.raw`x_s = \alpha_s\,\hat x_0 + \sigma_s\,\hat\varepsilon, \qquad \hat\varepsilon = \frac{x_t - \alpha_t\,\hat x_0}{\sigma_t}`,
          says: 'DDIM: take the guess of the clean picture, and put the noise that it implies back in, at the lower level s.',
        },
        {
          tex: String.raw`x_s = \alpha_s\,\hat x_0 + \sqrt{\sigma_s^2 - \eta^2}\;\hat\varepsilon + \eta\, z, \qquad z \sim \mathcal N(0, I)`,
          says: 'With fresh noise z: part of the old noise is swapped for new. DDPM is one choice of eta; eta = 0 is DDIM.',
        },
      ],
      code: 'sampling_race.py',
    },
    {
      heading: 'Why fewer calls can be enough',
      text: [
        'Without fresh noise, the walk follows a smooth curve from noise to picture: the solution of an [[ODE]]. Euler goes along straight lines and makes a new guess at each corner. On a bend it leaves the curve, by an amount that shrinks in proportion to the step. [[Heun]] looks ahead and takes the average of two directions. [[DPM-Solver++]] and [[UniPC]] remember their last guesses, see how these change, and bend the step to match, without another call. So they come nearer to the curve with equally many calls, once the steps are small enough. Here DPM-Solver++ comes nearer than DDIM from four steps on, and UniPC clearly nearer from eight on, as the code measures.',
        '[Look at where few steps break](sampling.view=few&sampling.drawn=smiling+face). One step is one guess from pure noise. There is nothing to see in pure noise; only the words are known. So the best guess is the average of all smiling faces: a soft face, the same for every seed. With three steps the faces begin to differ. With ten they still differ less than with twenty. So few steps cost variety first: the pictures are too much alike. Without words the first guess is [the average of all drawings](sampling.view=few&sampling.drawn=).',
        'Which noise levels a short walk visits can itself be learnt, without training the network: long walks show where short ones should end. [Compare the digits’ own walk with the one tuned to them](sampling.view=grids). The tuned walk leaves the noise sooner and takes more of its steps where there is little noise.',
        'One call of this network can only answer with an average, hardly another for another seed. So another network is trained, from the weights of the first: a student, which answers with a whole picture. [Race the digits’ model against its student](sampling.view=calls) in one call and in two. This student learnt by drifting. It makes a batch of pictures, and each is to move a little towards the training pictures near it and away from the student’s other pictures near it. [Watch points drift](sampling.view=drift) in the plane. When the pictures are spread as the data are, the pushes and pulls cancel, and nothing is left to learn.',
        'A [[GAN]] needs one call, because it was trained to turn noise into a picture at once. That makes it quick. The price is paid in training, which is a contest of two networks. Diffusion pays at the time of drawing instead. How much each pays is measured below the panel.',
      ],
      equations: [
        {
          tex: String.raw`\text{error} \approx C\,h^{\,p}`,
          says: 'Halve the step h, and a method of order p has its error divided by 2 to the p: by 2 for Euler and DDIM, by 4 for Heun and DPM-Solver++ (2M).',
        },
      ],
      code: 'sampling_error.py',
    },
    {
      heading: 'One seed, one picture',
      text: [
        'A [[seed]] is the number that starts the stream of noise. The same model, the same sampler and the same seed give the same picture, here and in Python, alone or among a thousand. This page makes its noise as PyTorch does, so the command under [the wall](sampling.view=wall&sampling.drawn=smiling+face) draws what you see.',
        'Different seeds give different pictures, although the words are the same. That is the [[diversity]] of the model: “a smiling face” leaves many things open, and the noise decides them. Some of these faces hardly smile: the model is small, and it learnt from few drawings. A sampler without fresh noise turns each noise into one picture, and neighbours become neighbours.',
      ],
      code: 'sampling_seeds.py',
    },
  ],
}
