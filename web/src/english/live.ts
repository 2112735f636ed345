import { written } from '../written'

const number = (value: number) => written(value, 0, 3)
const times = ['little noise (t = 0.2)', 'half and half (t = 0.5)', 'much noise (t = 0.8)']

/** The words of the panels that need the program behind the pages. */
export const live = {
  needs: 'These pages came without the program behind them. On your own machine, this opens them with it:',
  train: {
    heading: 'Train it here, now',
    without: 'Here you could watch the network learn the digits in a minute or two, from nothing.',
    command: 'sfumato learn',
    says: (minutes: number) =>
      `The network of these chapters, from random weights, on the same digits, by the processor that serves this page. It takes ${minutes * 60} seconds. Nothing is kept.`,
    start: 'Train',
    again: 'Train again',
    stop: 'Stop',
    states: {
      none: '',
      starting: 'Loading PyTorch and the digits…',
      training: 'It is learning.',
      finished: 'The training has ended.',
      stopped: 'Stopped.',
      failed: '',
    },
    stands: (images: number, seconds: number) => `${number(images)} pictures seen, ${seconds.toFixed(0)} s`,
    curve: 'Error of the predicted noise, against pictures seen: 1 is to know nothing',
    curveDescribed: (images: number, errors: number[]) =>
      `After ${number(images)} pictures the error of the predicted noise is ${errors.map((error, i) => `${error.toFixed(3)} at ${times[i]}`).join(', ')}.`,
    times,
    moment: 'Moment',
    at: (images: number) => (images ? `${number(images)} pictures` : 'before training'),
    loss: (loss: number) => `training loss ${loss.toFixed(3)}`,
    samples: 'The same sixteen seeds, asked for 0 to 9 in turn',
    sample: (digit: number, seed: number) => `asked for ${digit}, seed ${seed}`,
  },
  draw: {
    heading: 'Your own model',
    without: 'Here you could draw with a model that you have trained yourself.',
    command: 'sfumato learn --run runs/photos',
    noRun: 'Here are the digits that ship with the package. To draw with a model of your own, end the lesson and start it with its run:',
    opening: 'Opening the digits…',
    facts: { name: 'Model', shape: 'One picture', points: 'One point', parameters: 'Parameters', classes: 'Classes', device: 'Computed on' },
    shape: (shape: number[]) => (shape.length === 1 ? `${shape[0]} coordinates` : `${shape[2]} × ${shape[1]} pixels, ${shape[0] === 1 ? 'grey' : 'colour'}`),
    parameters: (count: number) => (count < 1e6 ? number(count) : `${(count / 1e6).toFixed(1)} million`),
    classes: (names: string[]) => (names.length ? `${names.slice(0, 12).join(', ')}${names.length > 12 ? ` and ${names.length - 12} more` : ''}` : 'none'),
    of: 'Class',
    each: 'each in turn',
    count: 'How many',
    seed: 'First seed',
    fresh: 'Other seeds',
    sampler: 'Sampler',
    steps: 'Steps',
    guidance: 'Guidance',
    plain: 'ignores the class',
    insists: 'insists on it',
    draw: 'Draw',
    drawing: 'Drawing…',
    stop: 'Stop',
    few: (sampler: string, needs: number) => `${sampler} needs at least ${needs} steps.`,
    drawn: (count: number, first: number, sampler: string, steps: number, seconds: number) =>
      `${count === 1 ? `Seed ${first}` : `Seeds ${first} to ${first + count - 1}`}, ${sampler}, ${steps} steps: ${seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0)} s`,
    described: (count: number, name: string, of: string) => `${count} drawn by ${name}${of && `, class: ${of}`}`,
  },
}
