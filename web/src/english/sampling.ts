import type { ChapterText } from '../chapters/text'

const number = (value: number) => value.toLocaleString('en')
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(milliseconds < 995 ? 2 : 1)} s`
const plural = (count: number, what: string) => `${number(count)} ${what}${count === 1 ? '' : 's'}`

export const labels = {
  view: 'Look at',
  views: { race: 'A race', wall: 'A wall of seeds', few: 'Where few steps break' },
  samplers: { ddpm: 'DDPM', ddim: 'DDIM', euler: 'Euler', heun: 'Heun', 'dpm++2m': 'DPM-Solver++', unipc2: 'UniPC' },
  none: 'nobody',
  race: 'Walks from the same noise',
  lane: (place: number) => `Lane ${place}`,
  sampler: 'Sampler',
  steps: 'Steps',
  stepCount: (steps: number) => plural(steps, 'step'),
  lanes: 'Who walks, in how many steps',
  digit: 'Digit',
  all: 'all ten',
  many: 'Pictures at once',
  seed: 'First seed',
  fresh: 'New seeds',
  oneSeed: 'Seed',
  oneFresh: 'New seed',
  show: 'Cards show',
  shows: { x: 'the picture so far', guess: 'the guess at the end' },
  asked: 'Calls so far',
  ofCalls: (calls: number, total: number) => `${number(calls)} of ${number(total)}`,
  start: 'pure noise',
  finish: 'all arrived',
  raceAgain: 'Race',
  stop: 'Stop',
  go: 'Start again',
  counting: (name: string, calls: number, total: number) => `${name}: ${number(calls)} of ${plural(total, 'call')} …`,
  stopped: 'Stopped.',
  laneName: (name: string, steps: number) => `${name}, ${plural(steps, 'step')}`,
  result: (calls: number, milliseconds: number | undefined) =>
    milliseconds === undefined ? plural(calls, 'call') : `${plural(calls, 'call')} · ${seconds(milliseconds)}`,
  noise: (t: string) => `t = ${t}, pure noise`,
  data: (t: string) => `t = ${t}, picture`,
  laneTold: (name: string, calls: number, total: number, milliseconds: number | undefined) =>
    calls < total || milliseconds === undefined
      ? `${name} has asked ${number(calls)} of ${plural(total, 'time')}`
      : `${name} has arrived after ${plural(total, 'call')}, in ${seconds(milliseconds)}`,
  racing: (count: number, told: string[]) => `${plural(count, 'walk')} from the same noise, drawn as cards along time: ${told.join('; ')}.`,
  waiting: 'Walks from the same noise; they have not begun.',
  wall: 'Pictures by seed, row by row',
  wallTold: (count: number, calls: number, milliseconds: number) =>
    `${plural(count, 'picture')}, ${plural(calls, 'call')} for all of them together: ${seconds(milliseconds)} in this browser, ${(milliseconds / count).toFixed(0)} ms a picture.`,
  wallDescribed: (count: number, first: number, name: string, steps: number) =>
    `${plural(count, 'picture')}, seeds ${number(first)} to ${number(first + count - 1)}, drawn by ${name} in ${plural(steps, 'step')}.`,
  command: 'The same pictures from the command line:',
  row: (steps: number) => plural(steps, 'step'),
  rowCannot: (needs: number) => `needs at least ${plural(needs, 'step')}`,
  fewDescribed: (name: string, rows: string) => `The same ten seeds drawn by ${name} in ${rows} steps, a row each.`,
}

export const text: ChapterText = {
  id: 'sampling',
  title: 'Sampling',
  lead: 'One network, many ways to walk with it. They differ in the length of their strides, and so in how often they have to ask.',
  minutes: 3,
  sections: [
    {
      heading: 'Same questions, other strides',
      text: [
        '[Three walks](sampling.view=race) start from the same noise and ask the same network. Each card is the picture after one step, standing at its time. A [[sampler]] is nothing but the rule for the next stride: given the answers so far, how far to go and where to. **The network is not trained again**; you choose the sampler afterwards.',
        'Asking is nearly all of the cost. One [[call]] runs the whole network; the sampler’s own sums are a few additions. So we count calls, and a step need not be one call: Heun asks twice at nearly every step.',
        '[[DDPM]] throws fresh noise in at every step. Its strides have to be short: each one assumes that a single bell curve describes where the picture came from, which is only true of small steps. [[DDIM]] adds no noise and follows the average drift, so the same noise always ends in the same picture, and twenty steps do. On this model’s straight paths *Euler* is the very same step under another name: [race them](sampling.view=race&sampling.first=ddim&sampling.first-steps=20&sampling.second=euler&sampling.second-steps=20&sampling.third=none) and see.',
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
        'Without fresh noise, the walk follows a smooth curve from noise to picture. Euler walks along straight lines and asks anew at each corner: on a bend it comes off the road by an amount that shrinks in proportion to the step. [[Heun]] looks ahead and averages two directions. **DPM-Solver++** and **UniPC** remember the last answers, see how they are changing, and bend the stride to match, at no further call. For the same error they need fewer questions, once the steps are small enough for the curve to look smooth: here from about twenty on, as the code measures.',
        '[Look at where few steps break](sampling.view=few). In one step you get one answer to pure noise. There is nothing to see in it, so the best answer anyone could give is the average of all threes: a blur. (A network that hardly practised on pure noise may miss even that, and give grey mush.) With two or three steps the blur picks a side; around ten, strokes are strokes. What is lost on the way is variety first: look for pictures that resemble one another too much.',
        'A [[GAN]] needs one call, full stop: it was trained to turn noise into a picture in a single go. That makes it quick. The price is paid in training, a contest of two networks that is easily upset, and often in variety, because nothing forces it to cover all kinds of pictures. Diffusion pays at the time of drawing instead, and gets a calm training and full variety for it.',
      ],
      equations: [
        {
          tex: String.raw`\text{error} \approx C\,h^{\,p}`,
          says: 'Halve the stride h, and a method of order p has its error divided by 2 to the p: by 2 for Euler and DDIM, by 4 for Heun and DPM-Solver++ (2M).',
        },
      ],
      code: 'sampling_error.py',
    },
    {
      heading: 'One seed, one picture',
      text: [
        'A [[seed]] is the number that starts the stream of noise. Same model, same sampler, same seed: the same picture, here and in Python, alone or among a thousand. This page makes its noise with PyTorch’s own generator, so the command under [the wall](sampling.view=wall) draws what you see.',
        'Different seeds give different pictures, though nobody asked for another three. That is the [[diversity]] of the model: all that “a three” leaves open, the noise decides. It also means that a sampler without fresh noise turns the space of noises into a space of pictures: neighbours go to neighbours.',
      ],
      code: 'sampling_seeds.py',
    },
  ],
}
