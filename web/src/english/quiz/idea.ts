import type { Question } from '../../quiz/question'

export const questions: readonly Question[] = [
  {
    id: 'idea.forward',
    kind: 'choice',
    ask: 'What is the forward process?',
    panel: { c: 'idea', 'idea.t': '0.5' },
    options: [
      {
        text: 'A fixed recipe that mixes more and more random noise into the data',
        right: true,
        says: 'It is no more than `x = α·x₀ + σ·ε`, with α falling and σ rising. It has no weights, so there is nothing in it to train.',
      },
      {
        text: 'A network that learns to destroy pictures, so that a second network can learn to repair them',
        says: 'Two networks that play against each other make a GAN. Here the destroying is plain arithmetic: nobody has to learn how to add noise.',
      },
      {
        text: 'The part of the network that squeezes a picture into a short code',
        says: 'That is the encoder of an autoencoder. The forward process squeezes nothing: a noisy picture has as many numbers as the clean one.',
      },
      {
        text: 'The network’s forward pass, in which noise goes in and a picture comes out',
        says: 'The same word for another thing. “Forward” here is forward in time, from data to noise; a network’s forward pass is any one call of it.',
      },
    ],
  },
  {
    id: 'idea.contains',
    kind: 'choice',
    ask: 'A photograph has been noised all the way, to the very end. “It is still in there”, says a friend, “the model only has to decode it.” Is it?',
    panel: { c: 'idea', 'idea.t': '1' },
    options: [
      {
        text: 'Yes, hidden in the noise: a good enough model would bring back this very photograph',
        says: 'There is nothing left to decode. At the end α is 0, so every photograph in the world leads to the same kind of noise, and no model could tell which it had been.',
      },
      {
        text: 'Half of it: at the end signal and noise have equal shares of each pixel',
        says: 'Equal shares are in the middle of the way. At the end the signal’s share is zero.',
      },
      {
        text: 'No. The model will make some picture from that noise, but hardly this one',
        right: true,
        says: 'At the end α is 0: the photograph has left no trace. Walking back *makes* a picture that is likely, it does not *recover* one that was there.',
      },
      {
        text: 'Only if the noise was made from a known seed, so that it can be subtracted again',
        says: 'Even then not. With α = 0 the noisy picture *is* the noise; subtract it and zeros remain. (Half way along, where α is above 0, subtracting the known noise would work. A model is never told the noise.)',
      },
    ],
  },
  {
    id: 'idea.paths',
    kind: 'predict',
    ask: 'Twenty thousand new points are put down at random and brought back. Follow a single one of them: where does it end?',
    panel: { c: 'idea', 'idea.way': 'back', 'idea.paths': '1', 'idea.t': '0' },
    look: 'Follow a few of the drawn lines from the outside to their ends. Then press “New noise” and look at where they end now.',
    options: [
      {
        text: 'In the place on the shape where it had been before the noise came',
        says: 'It was never on the shape: it is a new point, put down at random a moment ago.',
      },
      {
        text: 'Somewhere on the shape; where depends on the noise it began as',
        right: true,
        says: 'Each walk ends on the shape, and each beginning has its own end. All the ends together have the shape’s distribution, which is all that was asked for.',
      },
      {
        text: 'At the middle of the shape, because noise averages out to zero',
        says: 'Noise averages out over many points, not for one. The very first guess does lie near the middle, when nothing is known yet; each step then knows a little more.',
      },
      {
        text: 'On the shape, but elsewhere each time, even from the same noise',
        says: 'This walk adds no noise of its own on the way, so the same beginning has the same end. (Some samplers do add noise; then this would be true.)',
      },
    ],
  },
  {
    id: 'idea.half',
    kind: 'predict',
    ask: 'The walk back is stopped half way. What do you see?',
    panel: { c: 'idea', 'idea.way': 'back', 'idea.t': '0.5' },
    look: 'The panel stands half way on the way back. Compare it with the way there: press “Dissolve it” and stop half way again.',
    options: [
      {
        text: 'Half of the points on the finished shape, the rest still in the ball',
        says: 'All points are at the same noise level at the same time. None arrives before the others.',
      },
      {
        text: 'The finished shape, at half its size',
        says: 'The shape is indeed shrunk by α. But σ is as large as α half way, so every point is smeared far beyond the shape’s thickness.',
      },
      {
        text: 'A ball like the one at the beginning: nothing shows until the last few steps',
        says: 'The coarse outline comes first: the noise of this level does not hide it. The fine structure waits for the last steps.',
      },
      {
        text: 'A smeared cloud, as noisy as the shape is half way there',
        right: true,
        says: 'The way back passes through the same noise levels as the way there, and at each of them the cloud of points looks the same. That is what makes it a way *back*.',
      },
    ],
  },
  {
    id: 'idea.ball',
    kind: 'choice',
    ask: 'The knot, the spiral, your own drawing: at the noisy end all of them look the same. Why does that matter?',
    panel: { c: 'idea', 'idea.shape': 'spiral', 'idea.t': '1' },
    options: [
      {
        text: 'It shows that the model has learnt all the shapes equally well',
        says: 'Nothing has been learnt yet at that end: the forward process has no model in it.',
      },
      {
        text: 'It gives a place to begin that anyone can draw from, whatever the data',
        right: true,
        says: 'Nobody knows how to draw from “all photographs of cats”. Everybody knows how to draw from a Gaussian. The forward process connects the two.',
      },
      {
        text: 'It keeps the data private, since a shape cannot be told from its noise',
        says: 'The noise does tell nothing. But the model has seen the data, and what it has learnt may well give some of it away.',
      },
      {
        text: 'It lets one trained model make every shape, since they all start from one ball',
        says: 'The beginning is the same, but the way back is not: the denoiser’s guesses belong to the data that it knows. Another shape needs another denoiser (or one that is told which shape).',
      },
    ],
  },
  {
    id: 'idea.life',
    kind: 'order',
    ask: 'From nothing to a new picture: put the life of a diffusion model in order.',
    panel: { c: 'idea' },
    first: 'first',
    last: 'last',
    steps: [
      { text: 'Collect examples', says: 'They are all that the model will ever know of the world.' },
      { text: 'Mix noise into them, of every strength', says: 'This makes the exercises: for each noisy picture the clean one is known.' },
      { text: 'Train a network to guess the clean example', says: 'The only step that learns. It is done once, and takes nearly all the time.' },
      { text: 'Draw pure noise', says: 'From here on no example is needed any more.' },
      { text: 'Move a little towards the network’s guess', says: 'A little, since the guess is a rough one while there is much noise.' },
      { text: 'Guess again, until no noise is left', says: 'Each guess is better than the one before, because there is less noise to look through.' },
    ],
  },
  {
    id: 'idea.seeds',
    kind: 'bug',
    ask: 'This should bring back two thousand points of the knot, but it prints a spread of 0 in every direction. Which line is wrong?',
    panel: { c: 'idea', 'idea.way': 'back', 'idea.t': '0' },
    bug: 1,
    mended: 'noise = ImageNoise(seeds=range(2000), shape=(3,))',
    lines: [
      { code: 'levels = grid("trailing", SCHEDULES["cosine"](), 20)', says: 'Twenty steps down the cosine schedule: as it should be.' },
      {
        code: 'noise = ImageNoise(seeds=[0] * 2000, shape=(3,))',
        says: 'Every point gets the seed 0, hence the same noise, hence the same walk: two thousand copies of one point. A seed stands for one picture, so each needs its own.',
      },
      {
        code: 'drawn = last(sample(denoiser, levels, stepper("ddim"), noise)).x',
        says: 'The walk itself is fine. DDIM adds no noise on the way, so it rightly gives equal ends to equal beginnings.',
      },
      { code: 'print(drawn.std(dim=0))', says: 'The spread over all points along each of the three directions: the right thing to look at, and it tells the truth.' },
    ],
  },
]
