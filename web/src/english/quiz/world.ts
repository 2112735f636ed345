import type { Question } from '../../quiz/question'

export const questions: readonly Question[] = [
  {
    id: 'world.price',
    kind: 'choice',
    ask: 'What does diffusion pay for its calm training and its steering?',
    panel: { c: 'world', 'world.view': 'why' },
    options: [
      { text: 'Many calls of the network for each picture', right: true, says: 'A GAN or a VAE needs one call, a walk needs one for each step or more. Good samplers make the walk short, but not that short.' },
      { text: 'It can only draw pictures of the size of its noise', says: 'So do other networks. Size is no special price of diffusion.' },
      { text: 'It needs a second network that judges its pictures', says: 'That is the critic of a GAN. Diffusion has no opponent.' },
      { text: 'It forgets its training when it draws', says: 'Drawing changes no weights.' },
    ],
  },
  {
    id: 'world.latent',
    kind: 'choice',
    ask: 'On what does Stable Diffusion walk?',
    panel: { c: 'world', 'world.view': 'systems', 'world.system': 'stable' },
    options: [
      { text: 'On words, which become a picture at the end', says: 'Words steer the walk. The network looks at them at every call.' },
      { text: 'On the pixels of a small picture, which is enlarged step by step', says: 'That is the way of DALL·E 2: from 64 to 256 to 1024 pixels a side.' },
      { text: 'On latents; a decoder makes the pixels once, at the end', right: true, says: 'An autoencoder gives it a smaller space. Noise, guesses and steps are all in there.' },
      { text: 'On the weights of the network', says: 'The weights are fixed once training is over.' },
    ],
  },
  {
    id: 'world.lora',
    kind: 'choice',
    ask: 'Why is a LoRA file so much smaller than the model that it changes?',
    panel: { c: 'world', 'world.view': 'systems', 'world.system': 'stable' },
    options: [
      { text: 'It holds only the new pictures, and the model looks them up', says: 'A model does not look pictures up. A LoRA is learnt, with the same exercise as the model.' },
      { text: 'It holds only narrow tables that are added to the large ones', right: true, says: 'The large tables of weights stay as they are. Two narrow ones beside each of them are learnt.' },
      { text: 'It is the whole model with fewer digits for each number', says: 'That exists too and is called quantization. It teaches nothing new.' },
      { text: 'It holds the prompt that describes the new style', says: 'A prompt changes what you ask for. A LoRA changes what the model can do.' },
    ],
  },
  {
    id: 'world.copies',
    kind: 'choice',
    ask: 'When does a diffusion model most likely draw a near-copy of a training picture?',
    panel: { c: 'training', 'training.moment': '10' },
    options: [
      { text: 'When the picture stood in the training set many times', right: true, says: 'Each time it was an exercise again, so the network learnt it by heart. The same happens with few pictures and long training. Removing duplicates helps.' },
      { text: 'When the seed is the one that the picture was trained with', says: 'Training uses new noise each time. No picture has a seed of its own.' },
      { text: 'When few steps are taken', says: 'Few steps give averages, which are no copies.' },
      { text: 'Never: it only knows averages', says: 'The single guess is an average, the end of a walk is not. And if one picture fits alone, the average is that picture.' },
    ],
  },
  {
    id: 'world.mark',
    kind: 'choice',
    ask: 'A picture carries no signed data and no hidden mark. What follows?',
    panel: { c: 'world', 'world.view': 'systems', 'world.system': 'midjourney' },
    options: [
      { text: 'A camera took it: models mark all that they draw', says: 'Not all models mark their pictures, and marks can be removed.' },
      { text: 'A model drew it: cameras sign all that they take', says: 'Most cameras sign nothing.' },
      { text: 'It was changed after it was made', says: 'Perhaps. But many pictures never had a mark.' },
      { text: 'Nothing: marks can be lost, removed, or never have been there', right: true, says: 'A valid mark says something. A missing one does not.' },
    ],
  },
  {
    id: 'world.video',
    kind: 'predict',
    ask: 'Sora draws videos. From how much noise does a clip begin?',
    panel: { c: 'world', 'world.view': 'systems', 'world.system': 'sora' },
    look: 'Read the rows of the first two chapters. Then choose Stable Diffusion and compare.',
    options: [
      { text: 'From one noisy frame; the others follow from it', says: 'Then each frame could only copy the errors of the one before. Some older systems did so.' },
      { text: 'From one noise for each frame, walked one after the other', says: 'Walks that don’t see one another end in pictures that don’t fit: the video flickers.' },
      { text: 'From one block of noise for all frames together', right: true, says: 'A video is a larger block of numbers. All of it is denoised together, and attention runs through time as well.' },
      { text: 'From no noise: the words are enough to begin with', says: 'Words steer the walk. It begins at noise, as always.' },
    ],
  },
  {
    id: 'world.line',
    kind: 'order',
    ask: 'You type a prompt into a system like Stable Diffusion. Put in order what happens, beginning with the words.',
    panel: { c: 'world', 'world.view': 'systems', 'world.system': 'stable' },
    first: 'first',
    last: 'last',
    steps: [
      { text: 'The text is cut into tokens', says: 'Common words stay whole, rare ones become pieces.' },
      { text: 'A text encoder turns the tokens into rows of numbers', says: 'It was trained beforehand, on much more text.' },
      { text: 'The seed makes noise in the latent space', says: 'The words have no part in it.' },
      { text: 'The network guesses with the words and without, at every step', says: 'Guidance stretches the difference of the two.' },
      { text: 'The decoder turns the latent into pixels', says: 'Once, in one call.' },
      { text: 'The picture is marked, if the service does so', says: 'With signed data or a hidden mark.' },
    ],
  },
]
