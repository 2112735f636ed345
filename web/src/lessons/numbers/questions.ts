import type { Question } from '../../quiz/question'

export const questions: readonly Question[] = [
  {
    id: 'numbers.pixels',
    kind: 'choice',
    ask: 'A photo has 1,000 rows of 1,000 pixels, in colour. How many numbers is it to a computer?',
    panel: { c: 'numbers', 'numbers.mix': '0' },
    ordered: true,
    options: [
      { text: '1,000', says: 'That is one row, without its colours.' },
      { text: '1,000,000', says: 'That many pixels; each has three numbers.' },
      { text: '3,000,000', says: 'A million pixels, with red, green and blue for each.', right: true },
      { text: 'As many as there are shapes in it', says: 'A computer keeps pixels. Shapes are what we see in them.' },
    ],
  },
  {
    id: 'numbers.dice',
    kind: 'predict',
    ask: 'All 64 numbers of a picture are thrown with dice, a thousand times. How many of the thousand look like a digit?',
    look: 'Throw all pixels a few times, and look where the dots lie.',
    panel: { c: 'numbers', 'numbers.mix': '1' },
    options: [
      { text: 'None', says: 'Neighbours agree in digits and not in dice. Pictures are so rare among all lists of numbers that chance does not find one.', right: true },
      { text: 'About ten, one for each digit', says: 'That would be one in a hundred. Count the dots from dice that come near the digits: none does.' },
      { text: 'About half', says: 'Digits would have to be as common as noise. Nearly every list of numbers is noise.' },
    ],
  },
  {
    id: 'numbers.distribution',
    kind: 'choice',
    ask: 'What does the distribution of digits tell you?',
    panel: { c: 'numbers' },
    options: [
      { text: 'How likely each picture is as a digit', says: 'For every picture there could be: high where digits lie, nearly zero elsewhere.', right: true },
      { text: 'Which digit a picture shows', says: 'That is what a classifier says.' },
      { text: 'The average of all digits', says: 'One number of the many that it holds, and a blurred picture that is no digit.' },
      { text: 'The list of all digits that were ever written', says: 'It also says how likely those are that nobody has written yet.' },
    ],
  },
  {
    id: 'numbers.generate',
    kind: 'choice',
    ask: 'What should a generative model do?',
    panel: { c: 'numbers', 'numbers.mix': '0' },
    options: [
      { text: 'Draw new pictures from where the data lie', says: 'New, and likely: that is to draw from the distribution of the data.', right: true },
      { text: 'Give back one of the pictures that it has seen', says: 'That is copying, and a fault that lessons here measure.' },
      { text: 'Draw every list of numbers as often as any other', says: 'Dice do that, and what comes is noise.' },
      { text: 'Draw the most likely picture each time', says: 'Then all would be the same. It should draw each as often as it is likely.' },
    ],
  },
  {
    id: 'numbers.near',
    kind: 'choice',
    ask: 'Two scans have their dots in the same place of the plane at the right. What do you know?',
    panel: { c: 'numbers', 'numbers.mix': '0' },
    options: [
      { text: 'They are the same picture', says: 'The plane shows two numbers of 64. The others may differ.' },
      { text: 'They show the same digit', says: 'Neither number says which digit it is. Dots of several digits lie side by side.' },
      { text: 'They are equally bright, and their neighbours agree equally far', says: 'That is all that this plane tells, and many pictures share it.', right: true },
      { text: 'Nothing: a dot says nothing of its picture', says: 'It says two things, which is why the digits lie apart from the dice.' },
    ],
  },
  {
    id: 'numbers.order',
    kind: 'order',
    ask: 'From a digit on paper to a dot of the plane: put it in order.',
    panel: { c: 'numbers', 'numbers.mix': '0' },
    first: 'first',
    last: 'last',
    steps: [
      { text: 'Lay a grid over the paper', says: 'Each cell will be one pixel.' },
      { text: 'Write down how bright each cell is', says: 'From here on the computer has the list and no paper.' },
      { text: 'Sum up the list: its brightness, and how far neighbours agree', says: 'Two numbers that stand for all of them.' },
      { text: 'Put a dot where these two say', says: 'One of them across, the other up.' },
    ],
  },
]
