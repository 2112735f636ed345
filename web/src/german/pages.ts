import type * as english from '../english/pages'
import type { Said } from '../languages'

export default {
  pages: {
    glossary: {
      title: 'Glossar',
      lead: (count) => `${count} Wörter des Fachs, in einfachen Worten. In den Kapiteln zeigt jedes unterstrichene Wort dort, wo es steht, was es bedeutet.`,
      find: 'Ein Wort finden',
      none: 'Hier passt kein Wort.',
      found: (count) => (count === 1 ? '1 Wort' : `${count} Wörter`),
      letters: 'Buchstaben',
    },
    notes: {
      title: 'Skript',
    },
    certificate: {
      title: 'Urkunde',
      print: 'Drucken',
      name: 'Ihr Name, wie er auf der Urkunde stehen soll',
      named: 'Er bleibt in diesem Browser.',
      unnamed: 'Ihr Name',
      heading: 'Urkunde über Diffusionsmodelle',
      before: 'Hiermit wird bestätigt, dass',
      after: 'acht Kapitel über Diffusionsmodelle durchgearbeitet hat, vom reinen Rauschen zum Bild,',
      score: (right, total) => `und ${right} von ${total} Fragen richtig beantwortet hat.`,
      percent: (share) => `${share} %`,
      scoreLabel: 'Ergebnis',
      dateLabel: 'Datum',
      questionsLabel: 'Fragen',
      date: (date) => date.toLocaleDateString('de', { day: 'numeric', month: 'long', year: 'numeric' }),
      honest: 'Im Browser der Leserin oder des Lesers berechnet und behalten. Niemand hat zugesehen.',
      strip: 'Ein Knoten aus Punkten, vom Rauschen zur Form',
      notYet: 'Noch nicht',
      missing: 'Die Urkunde ist für alle, die jede Frage zur Diffusion beantwortet haben, vier von fünf beim letzten Mal richtig. Fragen zum Code zählen nicht. Es fehlt:',
      open: (chapter, count) => `${chapter}: ${count === 1 ? '1 Frage ist' : `${count} Fragen sind`} noch nicht beantwortet.`,
      tooFew: (right, needed, total) => `${right} von ${total} waren beim letzten Mal richtig; nötig sind ${needed}.`,
      toQuiz: 'Zum Quiz',
    },
  },
} satisfies Said<typeof english>
