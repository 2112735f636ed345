import type { ChapterText } from '../../chapters/text'

const percent = (share: number) => `${Math.round(100 * share)}%`

export const labels = {
  scene: 'A picture as 64 numbers, and as one dot among others',
  picture: 'Picture',
  another: 'Another digit',
  dice: 'Throw all pixels',
  mix: 'Numbers from the dice',
  percent,
  digit: 'the digit',
  noise: 'dice alone',
  bright: 'brighter →',
  alike: 'neighbours agree →',
  key: 'Left: 64 pixels and their numbers, from 0 (black) to 16 (white). Right: each small picture is one dot of the plane. The scanned digits lie together at the top. Pictures from dice lie together at the bottom. The framed one is the picture at the left.',
  described: (digit: string, share: number, alike: number) =>
    `A picture of 8 by 8 pixels with its numbers: the digit ${digit}, with ${percent(share)} of each number from dice. Beside it a plane with 40 scanned digits and 40 pictures from dice, placed by brightness and by how far neighbouring pixels agree. Neighbours agree by ${alike.toFixed(2)} in this picture.`,
}

export const text: ChapterText = {
  id: 'numbers',
  title: 'Pictures as numbers',
  lead: 'Before you begin: what is a picture to a computer, and what is a distribution?',
  minutes: 8,
  sections: [
    {
      heading: 'A picture is a list of numbers',
      text: [
        'A computer sees no shapes. It keeps one number for each [[pixel]]: how bright it is. [This scan of a digit](numbers.mix=0) has 8 rows of 8 pixels, so it is 64 numbers, from 0 for black to 16 for white. A photo is the same with more numbers: three for each pixel, for red, green and blue, and millions of pixels.',
        'So any 64 numbers are a picture. [Throw all of them with dice](numbers.mix=1): that is a picture too. It shows nothing, and we call it [[noise]].',
      ],
    },
    {
      heading: 'Nearly all pictures are noise',
      text: [
        'You could throw dice for as long as the universe is old and no digit would come. In a digit, neighbours agree: beside a white pixel there is usually a white one. Dice know nothing of that. Move [half of the way to the dice](numbers.mix=0.5) and watch the dot at the right leave the others.',
      ],
    },
    {
      heading: 'A distribution says what is likely',
      text: [
        'Each small picture at the right is one dot. Two numbers of it decide where it lies: how bright it is, and how far its neighbours agree. The digits lie close together, and most of the plane is empty. Where many lie, a new digit is likely. Where none lie, it is not. What says this for every place is called a [[distribution]].',
        'The real distribution lives among all 64 numbers, not two, but the idea is the same. *To generate* means to draw a new dot where the data lie: not a copy of one, and not anywhere. Every lesson here is about one way to do this.',
      ],
    },
  ],
}
