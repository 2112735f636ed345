/** Term → what it means, in a sentence or two. `[[term]]` in any text of the lesson shows it. */
export const glossary: Record<string, string> = {
  'noise level': 'How much of what you see is picture and how much is noise: two numbers, alpha for the picture and sigma for the noise.',
  noise: 'Numbers drawn at random from the bell curve, one a pixel, each ignorant of all the others.',
  denoiser: 'Anything that takes a noisy picture and its noise level and gives its best guess of the clean one.',
  'forward process': 'Mixing noise into data, more and more, until nothing else is left. It is a fixed recipe: nothing is learnt.',
  'reverse process': 'Walking from noise back to data, level by level, by asking the denoiser at each.',
  Gaussian: 'The bell curve, in as many dimensions as you like: a round, featureless ball of points.',
  sampler: 'The rule that says where to go next after each answer of the denoiser.',
  distribution: 'Which pictures (or points) are likely and which are not.',
}
