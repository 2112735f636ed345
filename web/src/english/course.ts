/** The words of the contents page: which lessons there are, and what each needs. */
export const course = {
  title: 'Lessons',
  lead: 'Each lesson has a scene to play with, plain words, and questions at its end. The mathematics and the code that runs it are there at a switch.',
  needs: (lessons: string) => `After: ${lessons}`,
  nothing: 'Needs nothing before it',
  price: (chapters: number, minutes: number) => (chapters > 1 ? `${chapters} chapters, ${minutes} minutes with the questions` : `${minutes} minutes with the questions`),
  begin: 'Open',
  goOn: 'Go on',
  answered: (answered: number, total: number) => `${answered} of ${total} questions answered`,
  englishOnly: 'This lesson is in English only.',
  all: 'All lessons',
  kicker: 'Lesson',
  of: {
    numbers: { title: 'Pictures as numbers', says: 'A warm-up for those who come from nothing: what is a picture to a computer, and what is a distribution?' },
    gan: { title: 'GANs', says: 'A forger and a critic play against each other. Watch a cloud of forged points hop from cluster to cluster, and calm it.' },
    evaluation: { title: 'Evaluation', says: 'Damage perfect pictures by blur, a missing digit or copies, and see which score notices. Fewer pictures alone make one of them worse.' },
    vae: { title: 'Autoencoders and VAEs', says: 'Drag a point over a carpet of decoded digits, with the ellipse of each picture. The price of a bit merges the carpet or tears it.' },
    pixels: { title: 'Autoregressive models', says: 'A digit comes pixel by pixel, with bars for the next one. Overrule one and the rest changes; set many at once, and it is masked diffusion.' },
    flow: { title: 'Flow matching', says: 'Straight lines from noise to data cross, so the learned flow bends. Straighten it, and one step is enough.' },
    diffusion: { title: 'Diffusion', says: 'From pure noise to picture: how noise is added, how a network learns to take it out, and how words steer it.' },
  },
}
