/** The words of the handouts: lessons on paper. */
export const handouts = {
  title: 'Notes to print',
  lead: 'Figures, equations, code and questions; the answers are at the end. It fits A4 and Letter.',
  print: 'Print or save as PDF',
  drawing: (number: number, count: number) => `Drawing figure ${number} of ${count}…`,
  book: 'Generative models you can turn in your hands',
  bookLead: (lessons: number) => `The notes of all ${lessons} lessons, with figures, equations, code, questions and answers. Every figure is drawn by the lesson’s own scene.`,
  contents: 'Contents',
  figure: (number: number) => `Figure ${number}.`,
  questions: 'Questions',
  answers: 'Answers',
  arrange: 'Put these in order.',
  fromTo: (first: string, last: string) => `(${first} → ${last})`,
  between: (from: string, to: string) => `A number from ${from} to ${to}: ________`,
  space: ' ',
  // the page that lists them
  listLead: 'Each lesson on paper: its text, figures drawn by its scene, equations, code, and questions with the answers at the end. Take the PDF, or open the page to print it as you like it.',
  page: 'Page to print',
  pdf: (pages: number, megabytes: string) => `PDF, ${pages} ${pages === 1 ? 'page' : 'pages'}, ${megabytes} MB`,
  asBook: 'All lessons as one book',
  chapters: 'Chapter by chapter',
}
