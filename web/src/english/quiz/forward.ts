import type { Question } from '../../quiz/question'

export const questions: readonly Question[] = [
  {
    id: 'forward.jump',
    kind: 'choice',
    ask: 'Training wants a picture at timestep 700 of 1000. How often must noise be mixed in to get it?',
    panel: { c: 'forward', 'forward.show': 'ways', 'forward.t': '0.7' },
    ordered: true,
    options: [
      {
        text: 'Once, with the α and σ of timestep 700',
        right: true,
        says: 'A sum of Gaussians is a Gaussian again. So 700 small doses of noise have the same effect as one large dose, and the schedule says how large.',
      },
      {
        text: '300 times, counted back from the noisy end',
        says: 'Counting from the noisy end is what sampling does, with a network. The forward process starts from the clean picture and needs no network.',
      },
      {
        text: '700 times, each step beginning where the one before ended',
        says: 'It would work, and give a picture with the same statistics; it is only 700 times the work. The closed form makes training affordable.',
      },
      {
        text: '1000 times, since α and σ are known only when the whole chain is',
        says: 'α and σ follow from the schedule alone, before there is any picture. They are looked up in a table.',
      },
    ],
  },
  {
    id: 'forward.variance',
    kind: 'choice',
    ask: 'At some level α = 0.6 and σ = 0.8. The data have variance 1. What variance has the noisy picture?',
    panel: { c: 'forward', 'forward.schedule': 'cosine', 'forward.plot': 'levels', 'forward.t': '0.587' },
    ordered: true,
    options: [
      {
        text: '0.48, the product of 0.6 and 0.8',
        says: 'Signal and noise are added, not multiplied with each other.',
      },
      {
        text: '0.8, since only the noise varies',
        says: 'The data vary too, from picture to picture and from pixel to pixel; and the noise has variance σ² = 0.64, not σ.',
      },
      {
        text: '1: it stays what it was',
        right: true,
        says: '0.6² + 0.8² = 1. Variances of independent things add, and a schedule with α² + σ² = 1 keeps the total at 1 all the way. Such a [[schedule]] is called [[variance preserving]].',
      },
      {
        text: '1.4, the sum of 0.6 and 0.8',
        says: 'What adds are the variances, the *squares*: 0.36 + 0.64. Adding the plain factors is the most common slip with noise.',
      },
    ],
  },
  {
    id: 'forward.divide',
    kind: 'choice',
    ask: '“The picture was only multiplied by α. So divide the noisy picture by α and you have it back.” What comes of it?',
    panel: { c: 'forward', 'forward.divide': '1', 'forward.t': '0.5' },
    options: [
      {
        text: 'The clean picture, as long as α has not become too small to divide by',
        says: 'Dividing undoes the shrinking, but not the noise, which is divided too: it grows from σ to σ/α.',
      },
      {
        text: 'The clean picture with noise of size σ/α, every bit as hard to make out as before',
        says: 'Brighter, but not one bit clearer. Only the ratio of signal to noise decides what can be seen, and no multiplication changes a ratio.',
        right: true,
      },
      {
        text: 'The noise alone: dividing by α takes the picture out and leaves what was added to it',
        says: 'The picture is still in the sum, now at its full size.',
      },
      {
        text: 'A clean picture, though not the same: some other one that fits the noise equally well',
        says: 'That would be a sample from a model, which has learnt what pictures look like. A division has learnt nothing.',
      },
    ],
  },
  {
    id: 'forward.schedule',
    kind: 'predict',
    ask: 'DDPM’s linear schedule and the cosine schedule both go from clean to noise. Half way, which has left more of the picture?',
    panel: { c: 'forward', 'forward.t': '0.5', 'forward.plot': 'levels' },
    look: 'Stay half way and change the schedule from linear to cosine: look at the slice, and at α.',
    options: [
      {
        text: 'Linear: it adds noise evenly, so half the picture is left',
        says: 'Linear is only the size of each small dose, β. The doses pile up: half way α is already down to 0.28.',
      },
      {
        text: 'Both the same: half way is half way, only the route differs',
        says: 'A schedule is free to spend its time where it likes. Only the two ends are fixed, and not even those exactly.',
      },
      {
        text: 'Cosine: linear has all but wiped it out by then',
        right: true,
        says: 'α is 0.70 on the cosine schedule and 0.28 on the linear one. The cosine schedule was made for this: it does not waste half of its steps on pictures that are noise already.',
      },
      {
        text: 'It depends on the picture: some withstand noise longer',
        says: 'What can be made out does depend on the picture, big shapes last longer. But α and σ are the same for all, and they answer this question.',
      },
    ],
  },
  {
    id: 'forward.stories',
    kind: 'predict',
    ask: 'A scanned three under a great deal of noise. Could the very same noisy picture be a noised eight?',
    panel: { c: 'forward', 'forward.show': 'other', 'forward.t': '0.8' },
    look: 'One and the same noisy picture, told as a noised three and as a noised eight. Read how strong the noise of each would have to be; then go to less noise.',
    options: [
      {
        text: 'No: it was made from a three, so a three is what is in it',
        says: 'It was made from a three, but that has left next to no trace in it. What is there fits many digits.',
      },
      {
        text: 'Yes, with other noise that is just as ordinary',
        right: true,
        says: 'The eight needs another noise, but no stranger one. So the noisy picture itself does not know what it was: it has several stories, and the way back will have to choose one.',
      },
      {
        text: 'Yes, but a good network will always tell which it was',
        says: 'No network can. Where both stories are equally likely, the best answer is a bit of both.',
      },
      {
        text: 'Only if both digits were noised with the same random numbers',
        says: 'The other way round: the same noise on different digits gives different pictures. For the same picture the noise has to differ.',
      },
    ],
  },
  {
    id: 'forward.shrink',
    kind: 'choice',
    ask: 'One small step of DDPM is `x ← √(1 − β)·x + √β·ε`. Why is the old picture shrunk at all, and not just noise added?',
    panel: { c: 'forward', 'forward.show': 'ways', 'forward.t': '0.4' },
    options: [
      {
        text: 'So that pixels stay between −1 and 1, where a screen can show them',
        says: 'They don’t stay there: Gaussian noise has no bounds, and noisy pixels leave the range all the time.',
      },
      {
        text: 'Without it the picture would never be drowned, however much noise came on top',
        says: 'It would: against enough noise any picture is lost. Schedules that never shrink exist (“variance exploding”), and they work. Their numbers just grow large.',
      },
      {
        text: 'So that the variance stays the same while noise comes in',
        right: true,
        says: '(1 − β) of the old variance plus β of new makes 1 again. The network then always gets numbers of the same size, and the end is a Gaussian of variance 1.',
      },
      {
        text: 'Because noise takes information away and the shrinking accounts for the loss',
        says: 'Information is lost because noise covers it. Shrinking by a known factor loses nothing: one could multiply again.',
      },
    ],
  },
  {
    id: 'forward.ratio',
    kind: 'order',
    ask: 'Five noise levels. Put them in order of how well the picture can still be made out.',
    panel: { c: 'forward', 'forward.plot': 'logsnr' },
    first: 'clearest',
    last: 'noisiest',
    steps: [
      { text: 'α = 1, σ = 0.05', says: 'σ/α = 0.05: all but clean.' },
      { text: 'α = 2, σ = 1', says: 'σ/α = 0.5. More noise than above, but twice the picture too: only the ratio counts.' },
      { text: 'α = 0.8, σ = 0.6', says: 'σ/α = 0.75.' },
      { text: 'α = 1, σ = 2', says: 'σ/α = 2: twice as much noise as picture.' },
      { text: 'α = 0.1, σ = 1', says: 'σ/α = 10. The same σ as the second, and twenty times as noisy.' },
    ],
  },
  {
    id: 'forward.root',
    kind: 'bug',
    ask: 'With this code pictures fade much too early: at the middle of DDPM’s schedule α comes out as 0.08 and should be 0.28. Which line is wrong?',
    panel: { c: 'forward', 'forward.plot': 'levels', 'forward.t': '0.5' },
    bug: 1,
    mended: 'alpha, sigma = alpha_bars[k].sqrt(), (1 - alpha_bars[k]).sqrt()',
    lines: [
      {
        code: 'alpha_bars = torch.cumprod(1 - betas, dim=0)',
        says: 'ᾱ, the product of all (1 − β) so far: what is left of the signal’s *variance*.',
      },
      {
        code: 'alpha, sigma = alpha_bars[k], (1 - alpha_bars[k]).sqrt()',
        says: 'ᾱ is a variance, and a picture is scaled by a standard deviation: its square root. 0.28² is 0.08. The root is there for σ and missing for α, so α² + σ² is no longer 1.',
      },
      { code: 'eps = torch.randn_like(x0)', says: 'Fresh Gaussian noise in the shape of the picture, as it should be.' },
      { code: 'x = alpha * x0 + sigma * eps', says: 'The closed form itself is right; it is handed a wrong α.' },
    ],
  },
  {
    id: 'forward.beta',
    kind: 'bug',
    ask: 'After 1000 of these steps the picture is gone, but what is left has a standard deviation of 0.14 and should have 1. Which line is wrong?',
    panel: { c: 'forward', 'forward.show': 'ways', 'forward.t': '1' },
    bug: 3,
    mended: '    x = (1 - beta).sqrt() * x + beta.sqrt() * eps',
    lines: [
      { code: 'for k in range(1, schedule.steps + 1):', says: 'The timesteps 1 to T: right.' },
      { code: '    beta = schedule.betas[k - 1]', says: 'β of timestep k stands at place k − 1, as Python counts from 0.' },
      { code: '    eps = torch.randn_like(x)', says: 'New noise in every step: right. Reusing the same would let it pile up.' },
      {
        code: '    x = (1 - beta).sqrt() * x + beta * eps',
        says: 'β is the *variance* of the noise to add; the factor must be its root. β is small (at most 0.02), so β instead of √β adds far too little.',
      },
    ],
  },
]
