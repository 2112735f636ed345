/** The words of the pages around the chapters: glossary, notes, certificate. */
export const pages = {
  glossary: {
    title: 'Glossary',
    lead: (count: number) => `${count} words of the field, in plain English. In the chapters, each underlined word shows its meaning where it stands.`,
    find: 'Find a word',
    none: 'No word here fits.',
    found: (count: number) => (count === 1 ? '1 word' : `${count} words`),
    letters: 'Letters',
  },
  notes: {
    title: 'Notes',
  },
  /** What the build writes into the pages for those to whom their script doesn't come, and the page of text alone. */
  text: {
    chapters: 'The text of the chapters',
    noScript: 'Scripts are off in this browser, and the scenes of this lesson are computed by one. The text of all chapters is here:',
    failed: 'The script of this lesson could not be loaded, so nothing moves here. Loading the page again may help; the text of all chapters is here:',
    file: 'This page was opened as a file, and browsers let no such page load its parts. Serve its folder: open a terminal there and run',
    thenOpen: 'then open http://localhost:8000/ in the browser. The text of all chapters can be read as it is:',
    about: 'The text, the equations and the code of all chapters, without their scenes.',
    withScene: 'Open this chapter with its scene',
  },
  certificate: {
    title: 'Certificate',
    print: 'Print',
    name: 'Your name, as it should stand on the certificate',
    named: 'It stays in this browser.',
    unnamed: 'Your name',
    heading: 'Certificate on diffusion models',
    before: 'This is to say that',
    after: 'has worked through eight chapters on diffusion models, from pure noise to picture,',
    score: (right: number, total: number) => `and answered ${right} of ${total} questions correctly.`,
    percent: (share: number) => `${share}%`,
    scoreLabel: 'Score',
    dateLabel: 'Date',
    questionsLabel: 'Questions',
    date: (date: Date) => date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' }),
    honest: 'Computed and kept in the reader’s own browser. Nobody has watched.',
    strip: 'A knot of points, from noise to shape',
    notYet: 'Not yet',
    missing: 'The certificate is for those who have answered every question on diffusion, and four in five of them correctly the last time. Questions on code don’t count. What is missing:',
    open: (chapter: string, count: number) =>
      `${chapter}: ${count === 1 ? '1 question is' : `${count} questions are`} not yet answered.`,
    tooFew: (right: number, needed: number, total: number) => `${right} of ${total} were right the last time; ${needed} are needed.`,
    toQuiz: 'To the quiz',
  },
}
