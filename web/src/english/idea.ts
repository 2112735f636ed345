import type { ChapterText } from '../chapters/text'

export const labels = {
  scene: 'A cloud of points',
  shape: 'Shape',
  shapes: { 'torus-knot': 'Torus knot', spiral: 'Spiral', helix: 'Helix', roll: 'Swiss roll', own: 'Your own' },
  time: 'Time t',
  data: 'data',
  noise: 'pure noise',
  dissolve: 'Dissolve it',
  back: 'Bring it back',
  way: 'Show',
  ways: { there: 'The way there', back: 'The way back' },
  paths: 'Show single paths',
  again: 'New noise',
  type: 'Type a letter or two',
  draw: 'or draw here',
  clear: 'Clear',
  pad: 'A place to draw a shape with a finger or the mouse',
  counted: (points: string, seconds: string) => `${points} points, 20 steps: ${seconds} s in this browser.`,
  described: (shape: string, t: number, back: boolean) =>
    back
      ? `Points that began as noise, on their way to the shape “${shape}”, at time ${t.toFixed(2)}.`
      : `The shape “${shape}” made of 20,000 points, with noise mixed in, at time ${t.toFixed(2)}.`,
}

export const text: ChapterText = {
  id: 'idea',
  title: 'The idea',
  short: 'Idea',
  lead: 'Noise is easy to make. Learn to walk back from noise, step by step, and you can make anything that you have examples of.',
  minutes: 12,
  sections: [
    {
      heading: 'There: anyone can do it',
      text: [
        'Drag the time slider, or [set t to 0.5](idea.way=there&idea.t=0.5). Every point of the shape drifts towards a place of its own in a round ball. Nothing is learnt here. Each point is mixed with [[noise]], a little more at every moment. This is the [[forward process]].',
        '[At the end](idea.way=there&idea.t=1) nobody can tell the knot from the spiral. Whatever you begin with, you end with the same ball, dense in the middle and thin outside: a [[Gaussian]]. That is why the first half is useful. Anyone can draw new points from a Gaussian.',
      ],
      equations: [
        {
          tex: String.raw`x_t = \alpha_t\, x_0 + \sigma_t\, \varepsilon, \qquad \varepsilon \sim \mathcal N(0, I)`,
          says: 'What you see at time t is the data, shrunk by alpha, plus noise, scaled by sigma.',
        },
      ],
      code: 'idea_forward.py',
    },
    {
      heading: 'Back: guess, and take a small step',
      text: [
        'Now [bring it back](idea.way=back&idea.t=0). The page puts down new points at random. None of them has ever been part of the shape. At each step, every point asks one question: *where could I have been before the noise, on average?* The answer is a [[guess]]; what gives it is called a [[denoiser]]. The point takes a small step towards the guess. Then it asks again.',
        '[Look at single paths](idea.way=back&idea.paths=1&idea.t=0). No point goes back to its old place, because it has none. The shape returns as a whole: the guesses know the [[distribution]]: where there are many points, and where few. They do not know the points. So a diffusion model makes new pictures; it does not look up old ones.',
      ],
      equations: [
        {
          tex: String.raw`\hat x_0(x, t) = \mathbb E\,[\,x_0 \mid x_t = x\,]`,
          says: 'The best guess of the clean point: the average over all that it could have been.',
        },
      ],
      code: 'idea_back.py',
    },
    {
      heading: 'What is left to learn',
      text: [
        'The points of this shape are drawn from a few hundred blobs. For it, the best guess can be computed exactly, and this page does so. For pictures nobody can: there are too many, and we only have examples. So a [[network]] learns to guess from examples with noise mixed in. The next chapters build it: the noise, the way back, the network, its training, the samplers that need few steps, the ways to say what you want, and what the world makes of it.',
      ],
    },
  ],
}
